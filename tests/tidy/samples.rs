//! Small trees.
