//! Values of the app that the server owns: one that panics when it is dropped ends nothing else.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// A value of the app. A panic of its `drop` is caught and logged.
pub struct AppValue<T>(Option<T>);

impl<T> AppValue<T> {
    pub(crate) fn new(value: T) -> AppValue<T> {
        AppValue(Some(value))
    }

    pub(crate) fn get(&self) -> &T {
        self.0.as_ref().expect(TAKEN)
    }

    pub(crate) fn get_mut(&mut self) -> &mut T {
        self.0.as_mut().expect(TAKEN)
    }

    /// Returns the value, for app code that takes it.
    pub(crate) fn into_inner(mut self) -> T {
        self.0.take().expect(TAKEN)
    }
}

const TAKEN: &str = "a value is taken when this wrapper ends";

impl<T> Drop for AppValue<T> {
    fn drop(&mut self) {
        if let Some(value) = self.0.take() {
            drop_value(value);
        }
    }
}

/// Drops a value of the app. A panic is logged.
pub(crate) fn drop_value<T>(value: T) {
    if let Err(panic) = contained(|| drop(value)) {
        // The panic hook has written its line. This one is for the connection's other lines.
        tracing::debug!(panic, "a value of the app panicked when it was dropped");
    }
}

/// Runs app code. Returns the text of its panic as the error.
pub(crate) fn contained<T>(run: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(run)).map_err(text_of)
}

/// How many panics follow one another at most, each from the `drop` of what the one before held.
const PANICS_MAX: usize = 8;

/// Returns the text of a panic, and drops what the panic holds: a value of the app too.
fn text_of(mut panic: Box<dyn Any + Send>) -> String {
    let text = panic_text(&*panic).to_owned();
    for _ in 0..PANICS_MAX {
        match catch_unwind(AssertUnwindSafe(move || drop(panic))) {
            Ok(()) => return text,
            Err(another) => panic = another,
        }
    }
    std::mem::forget(panic);
    text
}

/// Returns the text of a panic, or a text for a panic that has none.
fn panic_text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&'static str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("a panic without a text")
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Panics;

    impl Drop for Panics {
        fn drop(&mut self) {
            std::panic::resume_unwind(Box::new("dropped"));
        }
    }

    #[test]
    fn drop_that_panics_is_contained_even_while_another_panic_goes_on() {
        drop(AppValue::new(Panics));
        let outer: Result<(), _> = contained(|| {
            let _kept = AppValue::new(Panics);
            std::panic::resume_unwind(Box::new("outer"));
        });
        assert_eq!(outer, Err("outer".to_owned()));
    }

    #[test]
    fn panic_that_holds_a_value_which_panics_is_contained() {
        let outer: Result<(), _> = contained(|| std::panic::resume_unwind(Box::new(Panics)));
        assert_eq!(outer, Err("a panic without a text".to_owned()));
    }
}
