//! A disk as a loss of power leaves it: what of a run's calls is on it for certain, what may be, and images of both.
//!
//! Takes the calls in their order, gives folders. What a file's sync does not cover may be there or not, 512 bytes at a time, old and
//! new beside each other; a name is certain when its folder was synced after it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// What a disk writes whole.
const SECTOR: usize = 512;

/// A file, whatever its names.
pub type Inode = usize;

/// What was done to the names in a folder.
#[derive(Clone, Debug)]
enum Naming {
    Folder(PathBuf),
    Name(PathBuf, Inode),
    Moved(PathBuf, PathBuf),
    Gone(PathBuf),
}

impl Naming {
    fn folders(&self) -> impl Iterator<Item = Option<&Path>> {
        let (one, two) = match self {
            Naming::Folder(path) | Naming::Name(path, _) | Naming::Gone(path) => (path.parent(), None),
            Naming::Moved(from, to) => (from.parent(), Some(to.parent())),
        };
        std::iter::once(one).chain(two)
    }
}

/// What was done to the content of a file.
#[derive(Clone, Debug)]
pub enum Change {
    Bytes(usize, Vec<u8>),
    Length(usize),
}

#[derive(Clone, Debug, Default)]
struct File {
    /// What its last sync left.
    certain: Vec<u8>,
    /// What came after that, in its order.
    open: Vec<Change>,
}

#[derive(Clone, Debug, Default)]
struct Names {
    folders: BTreeSet<PathBuf>,
    files: BTreeMap<PathBuf, Inode>,
}

impl Names {
    /// Names in a folder that is itself not certain are kept: they are found when it is.
    fn apply(&mut self, naming: &Naming) {
        match naming {
            Naming::Folder(path) => drop(self.folders.insert(path.clone())),
            Naming::Name(path, inode) => drop(self.files.insert(path.clone(), *inode)),
            Naming::Moved(from, to) => {
                if let Some(inode) = self.files.remove(from) {
                    self.files.insert(to.clone(), inode);
                }
            }
            Naming::Gone(path) => drop(self.files.remove(path)),
        }
    }

    /// The folders that are found from `root` on.
    fn found<'a>(&'a self, root: &'a Path) -> BTreeSet<&'a Path> {
        let mut found = BTreeSet::from([root]);
        for folder in &self.folders {
            if folder.parent().is_some_and(|parent| found.contains(parent)) {
                found.insert(folder);
            }
        }
        found
    }
}

/// See the module.
#[derive(Debug, Default)]
pub struct Disk {
    files: Vec<File>,
    /// Names as processes see them, and as they certainly are on the disk.
    now: Names,
    certain: Names,
    open: Vec<Naming>,
}

/// How much of what is not certain an image has.
#[derive(Clone, Copy, Debug)]
pub enum Luck {
    /// All of it: what a kill leaves.
    All,
    /// Nothing of it.
    Nothing,
    /// All up to some point of each file and of the names, the last write torn.
    Torn,
    /// Each sector by itself, the names in their order; so many of 100.
    Scattered(u8),
    /// Sectors and names each by themselves.
    Wild(u8),
}

impl Disk {
    /// With one folder, which was there long before.
    pub fn new(root: &Path) -> Disk {
        let mut disk = Disk::default();
        for names in [&mut disk.now, &mut disk.certain] {
            names.folders.insert(root.to_owned());
        }
        disk
    }

    pub fn inode(&self, path: &Path) -> Option<Inode> {
        self.now.files.get(path).copied()
    }

    fn name(&mut self, naming: Naming) {
        self.now.apply(&naming);
        self.open.push(naming);
    }

    pub fn folder(&mut self, path: &Path) {
        self.name(Naming::Folder(path.to_owned()));
    }

    pub fn create(&mut self, path: &Path) {
        self.files.push(File::default());
        self.name(Naming::Name(path.to_owned(), self.files.len() - 1));
    }

    pub fn link(&mut self, from: &Path, to: &Path) {
        if let Some(inode) = self.inode(from) {
            self.name(Naming::Name(to.to_owned(), inode));
        }
    }

    pub fn rename(&mut self, from: &Path, to: &Path) {
        self.name(Naming::Moved(from.to_owned(), to.to_owned()));
    }

    pub fn remove(&mut self, path: &Path) {
        self.name(Naming::Gone(path.to_owned()));
    }

    pub fn change(&mut self, inode: Inode, change: Change) {
        self.files[inode].open.push(change);
    }

    /// Where the file ends now.
    pub fn length(&self, inode: Inode) -> usize {
        let file = &self.files[inode];
        file.open.iter().fold(file.certain.len(), |length, change| match change {
            Change::Bytes(at, bytes) => length.max(at + bytes.len()),
            Change::Length(length) => *length,
        })
    }

    pub fn sync_file(&mut self, inode: Inode) {
        let file = &mut self.files[inode];
        let open = std::mem::take(&mut file.open);
        open.iter().for_each(|change| apply(&mut file.certain, change));
    }

    pub fn sync_folder(&mut self, path: &Path) {
        let open = std::mem::take(&mut self.open);
        for naming in open {
            if naming.folders().any(|folder| folder == Some(path)) {
                self.certain.apply(&naming);
            } else {
                self.open.push(naming);
            }
        }
    }

    /// Writes one of the disks that may be found into the folder `to`, where `root` stood.
    pub fn image(&self, root: &Path, to: &Path, luck: Luck, random: &mut fastrand::Rng) {
        let mut names = self.certain.clone();
        let some = match luck {
            Luck::All => self.open.len(),
            Luck::Nothing => 0,
            Luck::Torn | Luck::Scattered(_) => random.usize(..=self.open.len()),
            Luck::Wild(_) => self.open.len(),
        };
        for naming in &self.open[..some] {
            if !matches!(luck, Luck::Wild(part) if random.u8(..100) >= part) {
                names.apply(naming);
            }
        }
        let place = |path: &Path| path.strip_prefix(root).map(|rest| to.join(rest)).unwrap();
        let folders = names.found(root);
        folders.iter().for_each(|folder| std::fs::create_dir_all(place(folder)).unwrap());
        let mut made: BTreeMap<Inode, PathBuf> = BTreeMap::new();
        for (path, inode) in &names.files {
            if !path.parent().is_some_and(|folder| folders.contains(folder)) {
                continue;
            }
            let path = place(path);
            match made.get(inode) {
                Some(first) => std::fs::hard_link(first, &path).unwrap(),
                None => std::fs::write(&path, self.files[*inode].found(luck, random)).unwrap(),
            }
            made.insert(*inode, path);
        }
    }
}

impl File {
    /// One of the contents that may be found.
    fn found(&self, luck: Luck, random: &mut fastrand::Rng) -> Vec<u8> {
        let mut content = self.certain.clone();
        match luck {
            Luck::Nothing => {}
            Luck::All => self.open.iter().for_each(|change| apply(&mut content, change)),
            Luck::Torn => {
                let whole = random.usize(..=self.open.len());
                self.open[..whole].iter().for_each(|change| apply(&mut content, change));
                if let Some(Change::Bytes(at, bytes)) = self.open.get(whole) {
                    let torn = random.usize(..=bytes.len() / SECTOR) * SECTOR;
                    apply(&mut content, &Change::Bytes(*at, bytes[..torn].to_vec()));
                }
            }
            Luck::Scattered(part) | Luck::Wild(part) => self.scatter(&mut content, part, random),
        }
        content
    }

    /// Each sector of each write by itself; the length that it has after some of them.
    fn scatter(&self, content: &mut Vec<u8>, part: u8, random: &mut fastrand::Rng) {
        let known = random.usize(..=self.open.len());
        let mut length = content.len();
        for (number, change) in self.open.iter().enumerate() {
            match change {
                Change::Bytes(at, bytes) => {
                    if number < known {
                        length = length.max(at + bytes.len());
                    }
                    let mut from = 0;
                    while from < bytes.len() {
                        let end = (from + SECTOR - (at + from) % SECTOR).min(bytes.len());
                        if random.u8(..100) < part {
                            apply(content, &Change::Bytes(at + from, bytes[from..end].to_vec()));
                        }
                        from = end;
                    }
                }
                Change::Length(to) if number < known => {
                    length = *to;
                    content.truncate(*to);
                }
                Change::Length(_) => {}
            }
        }
        // What was written beyond the length that the disk knows is not to be seen; what it knows and has not is zero.
        content.resize(length, 0);
    }
}

fn apply(content: &mut Vec<u8>, change: &Change) {
    match change {
        Change::Bytes(at, bytes) => {
            if content.len() < at + bytes.len() {
                content.resize(at + bytes.len(), 0);
            }
            content[*at..at + bytes.len()].copy_from_slice(bytes);
        }
        Change::Length(length) => content.resize(*length, 0),
    }
}
