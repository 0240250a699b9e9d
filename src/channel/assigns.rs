//! The values that an app keeps on a socket, one of each type.

use http::Extensions;

use super::app_values::drop_value;

/// Values an app keeps with a socket, found again by their type (Phoenix's `assigns`, with types
/// for keys).
///
/// A value that `connect` assigns is copied into every channel of that connection at its join. From
/// then on each channel has its own copy. Empty assigns take one pointer and no heap.
#[derive(Clone, Debug, Default)]
pub struct Assigns(Extensions);

/// The `drop` of a value is app code, which may panic.
impl Drop for Assigns {
    fn drop(&mut self) {
        if !self.0.is_empty() {
            drop_value(std::mem::take(&mut self.0));
        }
    }
}

impl Assigns {
    /// Keeps `value`, and returns the value of the same type that it replaces.
    pub fn insert<T: Clone + Send + Sync + 'static>(&mut self, value: T) -> Option<T> {
        self.0.insert(value)
    }

    /// Returns the value of type `T`, if one was assigned.
    pub fn get<T: Send + Sync + 'static>(&self) -> Option<&T> {
        self.0.get()
    }

    /// Returns the value of type `T` to change in place, if one was assigned.
    pub fn get_mut<T: Send + Sync + 'static>(&mut self) -> Option<&mut T> {
        self.0.get_mut()
    }

    /// Takes the value of type `T` out and returns it, if one was assigned.
    pub fn remove<T: Send + Sync + 'static>(&mut self) -> Option<T> {
        self.0.remove()
    }
}
