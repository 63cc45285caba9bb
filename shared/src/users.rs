//! The people who use the backend.

use futures_util::TryStreamExt;
use mongodb::bson::{Document, doc};
use mongodb::options::ReturnDocument;
use mongodb::{Collection, Database, IndexModel};
use serde::{Deserialize, Serialize};

use crate::database::{index, unique};
use crate::email::EmailAddress;
use crate::error::{Error, Result};
use crate::ids::UserId;
use crate::photos::{PhotoBase, PhotoId};
use crate::text::{FullName, SearchTerm};
use crate::timestamp::Timestamp;

/// A user as stored.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct User {
    /// The user's id.
    #[serde(rename = "_id")]
    pub id: UserId,
    /// The address that the user signs in with; nobody else ever sees it.
    pub email: EmailAddress,
    /// Absent until the profile is complete.
    pub full_name: Option<String>,
    /// The profile's photo, where there is one.
    pub photo: Option<PhotoId>,
    /// Whether the user has a name, and with it appears in the directory.
    pub is_profile_complete: bool,
    /// When the address was verified for the first time.
    pub created_at: Timestamp,
    /// When the profile last changed.
    pub updated_at: Timestamp,
}

impl User {
    /// All that is stored of the user, what the directory is searched by included.
    pub fn to_document(&self) -> Document {
        let mut document = doc! {
            "_id": self.id,
            "email": &self.email,
            "isProfileComplete": self.is_profile_complete,
            "createdAt": self.created_at,
            "updatedAt": self.updated_at,
        };
        if let Some(name) = &self.full_name {
            document.insert("fullName", name);
            document.insert("searchTerms", search_terms(name));
        }
        if let Some(photo) = &self.photo {
            document.insert("photo", photo);
        }
        document
    }
}

/// What others see of a user, as stored.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PublicProfile {
    #[serde(rename = "_id")]
    id: UserId,
    full_name: Option<String>,
    photo: Option<PhotoId>,
}

/// What others see of a user, as sent.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Person {
    /// The user's id.
    #[serde(rename = "_id")]
    pub id: UserId,
    /// The user's name.
    pub full_name: Option<String>,
    /// The address of the photo, or `null`.
    #[cfg_attr(test, schemars(url))]
    pub photo_url: Option<String>,
}

impl PublicProfile {
    /// The profile as it is sent to clients.
    pub fn into_person(self, photos: &PhotoBase) -> Person {
        Person { id: self.id, full_name: self.full_name, photo_url: self.photo.map(|photo| photos.url(&photo)) }
    }
}

/// The fields of [`PublicProfile`], for projections.
pub(crate) fn public_fields() -> Document {
    doc! { "fullName": 1, "photo": 1 }
}

/// The collection of users.
pub struct Users(Collection<User>);

pub(crate) fn indexes() -> Vec<IndexModel> {
    vec![
        unique(doc! { "email": 1 }),
        index(doc! { "isProfileComplete": 1, "_id": 1 }),
        index(doc! { "searchTerms": 1, "_id": 1 }),
    ]
}

impl Users {
    /// The users of `database`.
    pub fn new(database: &Database) -> Self {
        Self(database.collection("users"))
    }

    /// The user with this address, made when there is none.
    pub async fn find_or_create(&self, email: &EmailAddress) -> Result<User> {
        let now = Timestamp::now();
        let new = doc! { "_id": UserId::new(), "isProfileComplete": false, "createdAt": now, "updatedAt": now };
        self.0
            .find_one_and_update(doc! { "email": email }, doc! { "$setOnInsert": new })
            .upsert(true)
            .return_document(ReturnDocument::After)
            .await?
            .ok_or_else(|| Error::Internal("an upsert returned nothing".into()))
    }

    /// The user with this id, if there is one.
    pub async fn find(&self, id: UserId) -> Result<Option<User>> {
        Ok(self.0.find_one(doc! { "_id": id }).await?)
    }

    /// Whether the user with this id signs in with this address.
    pub async fn has_email(&self, id: UserId, email: &EmailAddress) -> Result<bool> {
        Ok(self.0.find_one(doc! { "_id": id, "email": email }).await?.is_some())
    }

    /// Whether there is somebody with this id whom others can see.
    pub async fn is_listed(&self, id: UserId) -> Result<bool> {
        Ok(self.0.find_one(doc! { "_id": id, "isProfileComplete": true }).await?.is_some())
    }

    /// Completes or changes the profile of the user with this address, and of this id where one is given.
    /// A photo that is not given stays as it is. `None` when there is no such user.
    pub async fn complete_profile(
        &self,
        email: &EmailAddress,
        id: Option<UserId>,
        name: &FullName,
        photo: Option<&PhotoId>,
    ) -> Result<Option<User>> {
        let mut filter = doc! { "email": email };
        if let Some(id) = id {
            filter.insert("_id", id);
        }
        let mut changes = doc! {
            "fullName": name,
            "searchTerms": search_terms(name.as_str()),
            "isProfileComplete": true,
            "updatedAt": Timestamp::now(),
        };
        if let Some(photo) = photo {
            changes.insert("photo", photo);
        }
        let update = self.0.find_one_and_update(filter, doc! { "$set": changes });
        Ok(update.return_document(ReturnDocument::After).await?)
    }

    /// A part of the directory: at most `limit` complete profiles in the order of their ids, those after
    /// `after`, and only those where a part of the name starts with `search`, whatever the case.
    pub async fn directory(
        &self,
        search: Option<&SearchTerm>,
        after: Option<UserId>,
        limit: usize,
    ) -> Result<Vec<PublicProfile>> {
        let mut filter = match search {
            // Only complete profiles have search terms. The bounds make it a range of the index.
            Some(term) => {
                let start = term.as_str().trim().to_lowercase();
                let end = format!("{start}{}", char::MAX);
                doc! { "searchTerms": { "$elemMatch": { "$gte": start, "$lt": end } } }
            }
            None => doc! { "isProfileComplete": true },
        };
        if let Some(after) = after {
            filter.insert("_id", doc! { "$gt": after });
        }
        let profiles = self.0.clone_with_type::<PublicProfile>();
        let found = profiles
            .find(filter)
            .projection(public_fields())
            .sort(doc! { "_id": 1 })
            .limit(i64::try_from(limit).unwrap_or(i64::MAX));
        // All in the first batch: one command.
        let cursor = found.batch_size(u32::try_from(limit + 1).unwrap_or(u32::MAX)).await?;
        Ok(cursor.try_collect().await?)
    }
}

/// The name in lower case from each of its words on: "Ada King" is found by "ada", "ada k" and "king".
fn search_terms(name: &str) -> Vec<String> {
    let name = name.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    let starts = name.match_indices(' ').map(|(space, _)| space + 1);
    std::iter::once(0).chain(starts).map(|start| name[start..].to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::search_terms;

    #[test]
    fn a_name_is_found_from_each_of_its_words_on() {
        assert_eq!(search_terms("Ada  Lovelace King"), ["ada lovelace king", "lovelace king", "king"]);
        assert_eq!(search_terms(" ÉMILE "), ["émile"]);
    }
}
