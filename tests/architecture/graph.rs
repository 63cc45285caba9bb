//! The import graph of the modules of a crate.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use syn::visit::{self, Visit};
use syn::{Item, UseTree};

/// The modules of a crate, and the modules that each of them imports from.
pub(crate) struct Graph(BTreeMap<String, BTreeSet<String>>);

impl Graph {
    /// Reads the sources of a crate from its folder `src`. Unit tests are left out, as is the root
    /// of the crate, which only declares modules.
    pub(crate) fn read(folder: &Path) -> Self {
        let mut paths = BTreeMap::new();
        read_folder(folder, &mut Vec::new(), &mut paths);
        let modules: BTreeSet<String> = paths.keys().cloned().collect();
        let imports = paths.into_iter().map(|(module, mentions)| {
            let targets = mentions.iter().filter_map(|path| nearest(&modules, path));
            (module.clone(), targets.filter(|target| *target != module).collect())
        });
        Self(imports.collect())
    }

    /// Returns every pair of a module and a module that it imports from.
    pub(crate) fn imports(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().flat_map(|(importer, all)| all.iter().map(move |imported| (importer.as_str(), imported.as_str())))
    }

    /// Returns a cycle of modules that import each other, if any.
    pub(crate) fn cycle(&self) -> Option<Vec<&str>> {
        self.0.keys().find_map(|start| self.path_back(start, start, &mut BTreeSet::new()))
    }

    /// Returns a path of imports from `module` to `start`, if any.
    fn path_back<'a>(&'a self, start: &str, module: &'a str, visited: &mut BTreeSet<&'a str>) -> Option<Vec<&'a str>> {
        self.0[module].iter().find_map(|next| {
            if next == start {
                return Some(vec![module, next]);
            }
            let path = if visited.insert(next) { self.path_back(start, next, visited)? } else { return None };
            Some([vec![module], path].concat())
        })
    }
}

/// Returns the module that a path names, or that contains the item it names.
fn nearest(modules: &BTreeSet<String>, path: &[String]) -> Option<String> {
    (1..=path.len()).rev().map(|length| path[..length].join("::")).find(|module| modules.contains(module))
}

/// Collects the paths that each file below a folder mentions.
fn read_folder(folder: &Path, parents: &mut Vec<String>, paths: &mut BTreeMap<String, Vec<Vec<String>>>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() {
            parents.push(name);
            read_folder(&path, parents, paths);
            parents.pop();
        } else if path.extension().is_some_and(|extension| extension == "rs")
            && !(parents.is_empty() && ["lib", "main"].contains(&name.as_str()))
        {
            let mut module = parents.clone();
            if name != "mod" {
                module.push(name);
            }
            let file = syn::parse_file(&fs::read_to_string(&path).unwrap()).unwrap();
            let mut mentions = Mentions { module: module.clone(), paths: Vec::new() };
            mentions.visit_file(&file);
            paths.insert(module.join("::"), mentions.paths);
        }
    }
}

/// Collects the paths within the crate that a module mentions, each from the root of the crate.
struct Mentions {
    module: Vec<String>,
    paths: Vec<Vec<String>>,
}

impl Mentions {
    /// Adds a path that begins with `crate`, `self` or `super`.
    fn add(&mut self, path: &[String]) {
        let supers = path.iter().take_while(|segment| *segment == "super").count();
        let base = match path.first().map(String::as_str) {
            Some("crate") => Vec::new(),
            Some("self") => self.module.clone(),
            Some("super") => self.module[..self.module.len().saturating_sub(supers)].to_vec(),
            _ => return,
        };
        self.paths.push([&base, &path[supers.max(1)..]].concat());
    }

    fn add_tree(&mut self, tree: &UseTree, parents: &[String]) {
        match tree {
            UseTree::Path(path) => self.add_tree(&path.tree, &[parents, &[path.ident.to_string()]].concat()),
            UseTree::Name(name) => self.add(&[parents, &[name.ident.to_string()]].concat()),
            UseTree::Rename(rename) => self.add(&[parents, &[rename.ident.to_string()]].concat()),
            UseTree::Glob(_) => self.add(parents),
            UseTree::Group(group) => group.items.iter().for_each(|item| self.add_tree(item, parents)),
        }
    }
}

impl Visit<'_> for Mentions {
    fn visit_item(&mut self, item: &Item) {
        match item {
            Item::Use(item) => self.add_tree(&item.tree, &[]),
            // Modules within a file are its unit tests.
            Item::Mod(_) => {}
            _ => visit::visit_item(self, item),
        }
    }

    /// `pub(super)` imports nothing.
    fn visit_visibility(&mut self, _: &syn::Visibility) {}

    fn visit_path(&mut self, path: &syn::Path) {
        let segments: Vec<_> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        self.add(&segments);
        visit::visit_path(self, path);
    }
}
