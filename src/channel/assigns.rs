//! What an app keeps on a socket, one value of each type.

use http::Extensions;

/// Values an app keeps with a socket, found again by their type (Phoenix's `assigns`, with types
/// for keys).
///
/// What `connect` assigns is copied into every channel of that connection at its join; from then on
/// each channel has its own. Empty assigns take one pointer and no heap.
#[derive(Clone, Debug, Default)]
pub struct Assigns(Extensions);

impl Assigns {
    /// Keeps `value`, and returns the value of the same type that it replaces.
    pub fn insert<T: Clone + Send + Sync + 'static>(&mut self, value: T) -> Option<T> {
        self.0.insert(value)
    }

    /// The value of type `T`, if one was assigned.
    pub fn get<T: Send + Sync + 'static>(&self) -> Option<&T> {
        self.0.get()
    }

    /// The value of type `T` to change in place, if one was assigned.
    pub fn get_mut<T: Send + Sync + 'static>(&mut self) -> Option<&mut T> {
        self.0.get_mut()
    }

    /// Takes the value of type `T` out.
    pub fn remove<T: Send + Sync + 'static>(&mut self) -> Option<T> {
        self.0.remove()
    }
}
