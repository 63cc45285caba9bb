//! The people who use the backend.

use std::collections::HashMap;

use futures_util::TryStreamExt;
use mongodb::bson::{Document, doc};
use mongodb::options::ReturnDocument;
use mongodb::{Collection, Database, IndexModel};
use serde::{Deserialize, Serialize};

use super::photos::PhotoBase;
use crate::config::{ConfigError, Environment, Flag, FromEnv};
use crate::contract::person::Person;
use crate::database::{index, unique};
use crate::error::{Error, Result};
use crate::values::email::EmailAddress;
use crate::values::ids::UserId;
use crate::values::photo_id::PhotoId;
use crate::values::text::{FullName, SearchTerm};
use crate::values::timestamp::Timestamp;

/// A user as stored.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct User {
    /// The id of the user.
    #[serde(rename = "_id")]
    pub id: UserId,
    /// The address that the user signs in with. No other user ever sees it.
    pub email: EmailAddress,
    /// The name. Absent until the profile is complete.
    pub full_name: Option<String>,
    /// The photo of the profile, if any.
    pub photo: Option<PhotoId>,
    /// Whether the user has a name, and therefore appears in the directory.
    pub is_profile_complete: bool,
    /// The time at which the address was verified for the first time.
    pub created_at: Timestamp,
    /// The time at which the profile last changed.
    pub updated_at: Timestamp,
}

impl User {
    /// Returns the document to store, including the search terms of the directory.
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

/// The public part of a user, as stored.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PublicProfile {
    #[serde(rename = "_id")]
    id: UserId,
    full_name: Option<String>,
    photo: Option<PhotoId>,
}

impl PublicProfile {
    /// Returns the profile of a user without a record.
    pub fn unknown(id: UserId) -> Self {
        Self { id, full_name: None, photo: None }
    }

    /// Returns the id of the user.
    pub fn id(&self) -> UserId {
        self.id
    }

    /// Returns the number of bytes of the name.
    pub(crate) fn name_bytes(&self) -> usize {
        self.full_name.as_ref().map_or(0, String::len)
    }

    /// Returns the profile as it is sent to clients.
    pub fn into_person(self, photos: &PhotoBase) -> Person {
        Person { id: self.id, full_name: self.full_name, photo_url: self.photo.map(|photo| photos.url(&photo)) }
    }
}

/// Returns the projection for the fields of [`PublicProfile`].
pub(crate) fn public_fields() -> Document {
    doc! { "fullName": 1, "photo": 1 }
}

/// Whether the directory can be read without signing in.
#[derive(Clone, Copy)]
pub struct PublicDirectory(pub bool);

impl FromEnv for PublicDirectory {
    /// Reads `PUBLIC_DIRECTORY` (`true` by default).
    async fn from_env(environment: &Environment) -> Result<Self, ConfigError> {
        Ok(Self(environment.optional::<Flag>("PUBLIC_DIRECTORY")?.is_none_or(|flag| flag.0)))
    }
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

impl FromEnv for Users {
    async fn from_env(environment: &Environment) -> Result<Self, ConfigError> {
        Ok(Self(environment.shared::<Database>().await?.collection("users")))
    }
}

impl Users {
    /// Returns the user with this address, who is created if necessary.
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

    /// Returns the user with this id, if it exists.
    pub async fn find(&self, id: UserId) -> Result<Option<User>> {
        Ok(self.0.find_one(doc! { "_id": id }).await?)
    }

    /// Returns whether the user with this id signs in with this address.
    pub async fn has_email(&self, id: UserId, email: &EmailAddress) -> Result<bool> {
        Ok(self.0.find_one(doc! { "_id": id, "email": email }).await?.is_some())
    }

    /// Returns the profiles of those of these users whom others can see.
    pub async fn listed(&self, ids: [UserId; 2]) -> Result<HashMap<UserId, PublicProfile>> {
        let profiles = self.0.clone_with_type::<PublicProfile>();
        let filter = doc! { "_id": { "$in": ids.to_vec() }, "isProfileComplete": true };
        let found = profiles.find(filter).projection(public_fields()).await?;
        Ok(found.map_ok(|profile| (profile.id, profile)).try_collect().await?)
    }

    /// Completes or changes the profile of the user with this address and, if given, this id.
    /// Without a photo, the user keeps the present one. Returns `None` if no user matches.
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

    /// Returns a page of the directory: at most `limit` complete profiles whose ids follow `after`,
    /// ordered by id. With `search`, returns only profiles in whose name a word begins with it,
    /// ignoring case.
    pub async fn directory(
        &self,
        search: Option<&SearchTerm>,
        after: Option<UserId>,
        limit: usize,
    ) -> Result<Vec<PublicProfile>> {
        let mut filter = match search {
            // Only complete profiles have search terms. The bounds select a range of the index.
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
        let page = profiles
            .find(filter)
            .projection(public_fields())
            .sort(doc! { "_id": 1 })
            .limit(i64::try_from(limit).unwrap_or(i64::MAX));
        // The first batch contains the whole page, so this is one command.
        let cursor = page.batch_size(u32::try_from(limit + 1).unwrap_or(u32::MAX)).await?;
        Ok(cursor.try_collect().await?)
    }
}

/// Returns the suffixes of the name that start at a word, in lower case, so that "Ada King" matches
/// "ada", "ada k" and "king".
fn search_terms(name: &str) -> Vec<String> {
    let name = name.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    let starts = name.match_indices(' ').map(|(space, _)| space + 1);
    std::iter::once(0).chain(starts).map(|start| name[start..].to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::search_terms;

    #[test]
    fn a_name_is_found_by_the_beginning_of_each_word() {
        assert_eq!(search_terms("Ada  Lovelace King"), ["ada lovelace king", "lovelace king", "king"]);
        assert_eq!(search_terms(" ÉMILE "), ["émile"]);
    }
}
