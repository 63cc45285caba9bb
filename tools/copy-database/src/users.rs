//! Copies users and their photos.

use std::collections::{HashMap, HashSet};

use futures_util::TryStreamExt;
use mongodb::bson::{Bson, Document, RawDocument, RawDocumentBuf, doc};
use mongodb::{Collection, bson::oid::ObjectId};
use shared::accounts::photos::Photos;
use shared::accounts::users::User;
use shared::values::email::EmailAddress;
use shared::values::ids::UserId;
use shared::values::text::FullName;
use shared::values::timestamp::Timestamp;

use crate::Copy;
use crate::batches::Batches;
use crate::failure::Failure;
use crate::values::{self, Shown, field};

/// Copies all users. Returns the ids of those that are in the target afterwards.
pub(crate) async fn copy(copy: &mut Copy) -> Result<HashSet<UserId>, Failure> {
    let (mut batches, count) = Batches::open(&copy.source, &copy.arguments.users_collection).await?;
    copy.report.start("users", count);
    let mut users = Users { ids: HashSet::new(), emails: HashMap::new() };
    loop {
        let batch = batches.next().await?;
        if batch.is_empty() {
            return Ok(users.ids);
        }
        users.copy(copy, &batch).await?;
        copy.report.advance(batch.len());
    }
}

/// A user of the source.
struct OldUser {
    /// Its collection and id, for reports.
    record: String,
    id: ObjectId,
    /// Without the photo.
    user: User,
    photo: Option<String>,
}

/// The users so far. They take about a hundred bytes of memory each.
struct Users {
    ids: HashSet<UserId>,
    /// The id of the first user with each address.
    emails: HashMap<String, ObjectId>,
}

impl Users {
    async fn copy(&mut self, copy: &mut Copy, batch: &[RawDocumentBuf]) -> Result<(), Failure> {
        let users: Vec<_> = batch.iter().filter_map(|document| self.read(copy, document)).collect();
        let collection = copy.target.collection::<Document>("users");
        let existing = Existing::find(&collection, &users).await?;
        let mut new = Vec::new();
        for OldUser { record, id, mut user, photo } in users {
            if let Some(holder) = existing.holders.get(user.email.as_str()).filter(|holder| **holder != id) {
                copy.report.users.left_out += 1;
                copy.report.left_out(record, format_args!("user {holder} has its e-mail address in the target"));
                continue;
            }
            // One id is an ObjectId, and the other is a string of its digits.
            if !self.ids.insert(user.id) {
                copy.report.users.left_out += 1;
                copy.report.left_out(record, "an earlier user has the same id");
                continue;
            }
            let existing = existing.users.get(&id);
            if existing.is_some_and(|existing| is_later(existing, user.updated_at)) {
                copy.report.users.unchanged += 1;
                continue;
            }
            if let Some(photo) = photo {
                copy_photo(copy, &record, &mut user, &photo, existing).await?;
            }
            let document = user.to_document();
            match existing {
                None => {
                    copy.report.users.new += 1;
                    new.push(document);
                }
                Some(existing) if document.iter().all(|(name, value)| existing.get(name) == Some(value)) => {
                    copy.report.users.unchanged += 1;
                }
                Some(_) => {
                    copy.report.users.updated += 1;
                    if !copy.arguments.dry_run {
                        collection.update_one(doc! { "_id": id }, doc! { "$set": document }).await?;
                    }
                }
            }
        }
        if !new.is_empty() && !copy.arguments.dry_run {
            collection.insert_many(new).await?;
        }
        Ok(())
    }

    /// Reads a document. Reports it and returns `None` if it must be left out.
    fn read(&mut self, copy: &mut Copy, document: &RawDocument) -> Option<OldUser> {
        let record = format!("{} {}", copy.arguments.users_collection, Shown(field(document, "_id")));
        let user = identify(document).and_then(|(id, email)| {
            let first = *self.emails.entry(email.to_string()).or_insert(id);
            if first == id { Ok((id, email)) } else { Err(format!("user {first} has the same e-mail address")) }
        });
        let (id, email) = match user {
            Ok(user) => user,
            Err(why) => {
                copy.report.users.left_out += 1;
                copy.report.left_out(record, why);
                return None;
            }
        };
        let full_name = name(document).unwrap_or_else(|why| {
            copy.report.name_left_out(&record, why);
            None
        });
        let time = |name| field(document, name).as_ref().and_then(values::time);
        let created_at = time("createdAt").unwrap_or_else(|| id.timestamp().into());
        let user = User {
            id: id.into(),
            email,
            photo: None,
            is_profile_complete: full_name.is_some(),
            full_name,
            created_at,
            updated_at: time("updatedAt").unwrap_or(created_at),
        };
        let mut photos = copy.arguments.photo_field.iter().filter_map(|name| field(document, name));
        let photo = photos.find(|value| value.as_str() != Some("")).map(|value| match value {
            Bson::String(photo) => photo,
            // No file has an empty name, which is reported later.
            _ => String::new(),
        });
        Some(OldUser { record, id, user, photo })
    }
}

fn identify(document: &RawDocument) -> Result<(ObjectId, EmailAddress), String> {
    let id = field(document, "_id").as_ref().and_then(values::id).ok_or("its _id is not an ObjectId")?;
    match field(document, "email") {
        Some(Bson::String(email)) => Ok((id, email.parse().map_err(|_| "its e-mail address is not valid")?)),
        _ => Err("it has no e-mail address".to_owned()),
    }
}

/// Returns the name, if any. Returns an error text if it cannot be copied.
fn name(document: &RawDocument) -> Result<Option<String>, String> {
    let name = match field(document, "fullName") {
        None => return Ok(None),
        Some(Bson::String(name)) if name.trim().is_empty() => return Ok(None),
        Some(Bson::String(name)) => FullName::try_from(name).map_err(|error| error.to_string()),
        Some(_) => Err("must be text".to_owned()),
    };
    name.map(|name| Some(name.as_str().to_owned()))
        .map_err(|why| format!("its name {why}; the user is asked for it at the next sign-in"))
}

/// The users of a batch that are already in the target.
struct Existing {
    users: HashMap<ObjectId, Document>,
    /// The id of the user with each address.
    holders: HashMap<String, ObjectId>,
}

impl Existing {
    async fn find(collection: &Collection<Document>, users: &[OldUser]) -> Result<Self, Failure> {
        let ids: Vec<_> = users.iter().map(|user| user.id).collect();
        let emails: Vec<_> = users.iter().map(|user| Bson::from(&user.user.email)).collect();
        let filter = doc! { "$or": [{ "_id": { "$in": ids } }, { "email": { "$in": emails } }] };
        let mut cursor = collection.find(filter).await?;
        let mut existing = Self { users: HashMap::new(), holders: HashMap::new() };
        while let Some(user) = cursor.try_next().await? {
            let Ok(id) = user.get_object_id("_id") else { continue };
            if let Ok(email) = user.get_str("email") {
                existing.holders.insert(email.to_owned(), id);
            }
            existing.users.insert(id, user);
        }
        Ok(existing)
    }
}

/// Returns whether the user changed in the target after the last change in the source.
fn is_later(existing: &Document, updated_at: Timestamp) -> bool {
    existing.get_datetime("updatedAt").is_ok_and(|existing| Timestamp::from(*existing) > updated_at)
}

/// Copies the photo of a user. If it cannot be copied, the user keeps the photo in the target, if
/// any.
async fn copy_photo(
    copy: &mut Copy,
    record: &str,
    user: &mut User,
    reference: &str,
    existing: Option<&Document>,
) -> Result<(), Failure> {
    let photo = match copy.uploads.read(reference) {
        Ok(photo) => photo,
        Err(why) => {
            copy.report.photos.left_out += 1;
            copy.report.left_out(record, why);
            return Ok(());
        }
    };
    let before = existing.and_then(|existing| existing.get("photo"));
    if before == Some(&Bson::from(photo.id())) {
        copy.report.photos.unchanged += 1;
    } else {
        if before.is_some() {
            copy.report.photos.updated += 1;
        } else {
            copy.report.photos.new += 1;
        }
        if !copy.arguments.dry_run {
            Photos::new(&copy.target).store(&photo).await?;
        }
    }
    user.photo = Some(photo.id().clone());
    Ok(())
}
