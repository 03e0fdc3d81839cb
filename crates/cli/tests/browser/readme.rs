//! The pictures of the README, taken of the tenant that the tests have made.
//!
//! `REEVE_WRITE_PICTURES=1 cargo test -p reeve --test browser -- every_page` puts them where the README shows them.

use std::path::Path;

use peers::chromium::Driver;

use crate::crawl::pictures;
use crate::tenant::Tenant;
use crate::window::{Scripts, Window};

/// Set to `1`, the pictures are taken over.
const WRITE: &str = "REEVE_WRITE_PICTURES";
/// How wide they are.
const WIDTH: u32 = 1000;
/// The largest file that the repository takes.
const LARGEST: u64 = 150 * 1024;

/// Who sees it, the links that lead to it, and the name of its file.
const PICTURES: [(&str, &[&str], &str); 2] = [
    (
        "carol",
        &["My requests", "Harvest work"],
        "portal-request.png",
    ),
    ("admin", &["Drift"], "portal-drift.png"),
];

/// Takes them.
pub(crate) async fn take(driver: &Driver, tenant: &Tenant) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let readme = std::fs::read_to_string(root.join("README.md")).unwrap();
    let images = root.join("docs/images");
    for (who, way, name) in PICTURES {
        let window = Window::open(driver, &tenant.server, who, Scripts::On).await;
        for link in way {
            window.follow(link).await;
        }
        window.size(WIDTH).await;
        window.scheme("light").await;
        let file = pictures().join(name);
        window.picture(&file, false).await;
        window.close().await;

        assert!(readme.contains(&format!("docs/images/{name}")), "{name}");
        assert!(images.join(name).is_file() || is_wanted(), "{name}");
        let size = std::fs::metadata(&file).unwrap().len();
        assert!(size <= LARGEST, "{name} has {size} bytes");
        if is_wanted() {
            std::fs::create_dir_all(&images).unwrap();
            std::fs::copy(&file, images.join(name)).unwrap();
        }
    }
}

fn is_wanted() -> bool {
    std::env::var(WRITE).is_ok_and(|value| value == "1")
}
