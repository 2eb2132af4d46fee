//! The file in which the window remembers things, looked at before the window opens: one that can't be read is copied, not lost,
//! and the user is told.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::Remembered;

/// The file that belongs to the program of that name, if the system has a place for it.
pub(super) fn path(app: &str) -> Option<PathBuf> {
    eframe::storage_dir(app).map(|folder| folder.join("app.ron"))
}

/// What to tell about the file, if it is broken or can't be written; a broken one is copied, beside itself.
pub(super) fn look_at(file: &Path) -> Option<String> {
    let told: Vec<_> = broken(file).into_iter().chain(not_to_be_written(file)).collect();
    (!told.is_empty()).then(|| told.join("\n"))
}

/// Why nothing that is set can be kept.
fn not_to_be_written(file: &Path) -> Option<String> {
    let folder = file.parent()?;
    let cause = fs::create_dir_all(folder).and_then(|()| tempfile::tempfile_in(folder)).err()?;
    Some(format!("Settings can't be saved: {}: {cause}", folder.display()))
}

fn broken(file: &Path) -> Option<String> {
    let cause = match fs::read_to_string(file) {
        // There is none before the first time.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return None,
        Err(error) => error.to_string(),
        Ok(text) => what_is_wrong(&text)?,
    };
    // Earlier copies stay, but not without end.
    let name = |count: u32| if count == 1 { "broken.ron".to_owned() } else { format!("broken{count}.ron") };
    let copies = (1..100).map(|count| file.with_extension(name(count)));
    let copy = copies.into_iter().find(|copy| !copy.exists()).unwrap_or_else(|| file.with_extension(name(1)));
    let kept = match fs::copy(file, &copy) {
        Ok(_) => format!("a copy is kept as {}", copy.display()),
        Err(error) => format!("it could not be copied either: {error}"),
    };
    Some(format!("The settings could not be read ({cause}), so all is as at the first start; {kept}"))
}

fn what_is_wrong(text: &str) -> Option<String> {
    let values: BTreeMap<String, String> = match ron::from_str(text) {
        Ok(values) => values,
        Err(error) => return Some(error.to_string()),
    };
    let ours = values.get(eframe::APP_KEY)?;
    ron::from_str::<Remembered>(ours).err().map(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_broken_is_told_and_copied_and_what_is_not_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("app.ron");
        assert_eq!(look_at(&file), None, "there is none yet");
        let ours = ron::to_string(&Remembered::default()).unwrap();
        let good = ron::to_string(&BTreeMap::from([(eframe::APP_KEY.to_owned(), ours.clone())])).unwrap();
        let of_old =
            ron::to_string(&BTreeMap::from([(eframe::APP_KEY.to_owned(), "(light:true)".to_owned())])).unwrap();
        for text in [good, of_old, "{}".to_owned()] {
            fs::write(&file, text).unwrap();
            assert_eq!(look_at(&file), None);
        }
        let other = ron::to_string(&BTreeMap::from([(eframe::APP_KEY.to_owned(), "(light:7)".to_owned())])).unwrap();
        for (text, copy) in [("{ half a fi", "broken"), ("\u{0}\u{1}", "broken2"), (&other, "broken3")] {
            fs::write(&file, text).unwrap();
            let told = look_at(&file).unwrap();
            assert!(told.starts_with("The settings could not be read"), "{told}");
            assert_eq!(fs::read_to_string(folder.path().join(format!("app.{copy}.ron"))).unwrap(), text);
        }
        let told = look_at(&file.join("no folder/app.ron")).unwrap();
        assert!(told.contains("Settings can't be saved: "), "{told}");
    }
}
