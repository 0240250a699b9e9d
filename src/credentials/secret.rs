//! Bytes that no log, error or `Debug` shows.

/// A secret. Its `Debug` shows the length alone.
#[derive(Clone)]
pub struct Secret(Box<[u8]>);

impl Secret {
    /// Returns the secret of these bytes.
    pub fn new(bytes: impl Into<Box<[u8]>>) -> Secret {
        Secret(bytes.into())
    }

    /// Returns the bytes. Whoever calls this answers for where they go.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "…({} bytes)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secret_shows_its_length_alone() {
        let secret = Secret::new(*b"marker");
        assert_eq!(format!("{secret:?}"), "…(6 bytes)");
        assert_eq!(secret.expose(), b"marker");
    }
}
