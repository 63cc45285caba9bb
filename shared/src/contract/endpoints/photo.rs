//! `GET /uploads/{photo}`.

use crate::contract::description::{Endpoint, Output, Tag};
use crate::contract::errors::NO_SUCH_PHOTO;

pub(super) fn endpoint() -> Endpoint {
    Endpoint::new("GET", "/uploads/{photo}", Tag::People, "Returns a profile photo")
        .photo_path()
        .effect("the photo at `photoUrl`, which never changes")
        .returns_other(Output::Photo)
        .fails([NO_SUCH_PHOTO])
}
