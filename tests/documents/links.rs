//! The links between the documents have existing targets.

use std::path::Path;

use crate::fixture::{pages, read, root};

#[test]
fn links_between_the_documents_lead_somewhere() {
    for page in ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"]
        .into_iter()
        .map(str::to_owned)
        .chain(pages())
    {
        let folder = Path::new(&page)
            .parent()
            .unwrap_or(Path::new(""))
            .to_owned();
        for link in read(&page)
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next())
        {
            let file = link.split('#').next().unwrap_or_default();
            if !link.contains("://") && !file.is_empty() {
                assert!(
                    root().join(&folder).join(file).exists(),
                    "{page} links to {link}"
                );
            }
        }
    }
}
