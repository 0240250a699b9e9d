//! The parser from the text of a Rust file to its facts: a walk over the syntax tree.

use proc_macro2::Span;
use syn::visit::{self, Visit};
use syn::{Attribute, Item, Visibility};

use super::attributes::{is_non_exhaustive, is_test, is_test_only, path_of};
use super::facts::{Child, Facts, Function, Named, Scope};
use super::uses::is_api;
use super::{macros, tokens, uses};

/// Parses a file's text. The names in code that only tests compile are left out, except
/// `with_tests`.
pub fn parse(text: &str, with_tests: bool) -> syn::Result<Facts> {
    let file = syn::parse_file(text)?;
    let mut reader = Reader {
        facts: Facts::default(),
        scopes: vec![Scope::default()],
        with_tests,
        test_depth: 0,
    };
    reader.within(&file.attrs, |reader| reader.visit_file(&file));
    let scope = reader.scopes.pop().expect("the file's own scope");
    Ok(Facts {
        scope,
        ..reader.facts
    })
}

struct Reader {
    facts: Facts,
    scopes: Vec<Scope>,
    with_tests: bool,
    test_depth: usize,
}

impl Reader {
    fn scope(&mut self) -> &mut Scope {
        self.scopes.last_mut().expect("the file's own scope")
    }

    fn is_test(&self) -> bool {
        self.test_depth > 0
    }

    fn within(&mut self, attributes: &[Attribute], read: impl FnOnce(&mut Self)) {
        let test = usize::from(!self.with_tests && is_test_only(attributes));
        self.test_depth += test;
        read(self);
        self.test_depth -= test;
    }

    fn define(&mut self, ident: &syn::Ident) {
        if !self.is_test() {
            self.scope().defined.insert(ident.to_string());
        }
    }

    fn define_type(&mut self, ident: &syn::Ident) {
        self.define(ident);
        if !self.is_test() {
            let place = (ident.to_string(), line(ident.span()));
            self.facts.types.push(place);
        }
    }

    fn function(&mut self, signature: &syn::Signature, block: &syn::Block) {
        let first = line(signature.fn_token.span);
        let last = block.brace_token.span.close().end().line;
        self.facts.functions.push(Function {
            name: signature.ident.to_string(),
            line: first,
            lines: last - first + 1,
        });
    }

    /// Notes a type that another crate can write or match whole, if `is_whole` in its form.
    fn closed(&mut self, item: &syn::Ident, of: (&Visibility, &[Attribute]), is_whole: bool) {
        let (visibility, attributes) = of;
        let is_public = matches!(visibility, Visibility::Public(_));
        if is_public && is_whole && !is_non_exhaustive(attributes) && !self.is_test() {
            self.facts
                .closed
                .push((item.to_string(), line(item.span())));
        }
    }

    fn module(&mut self, item: &syn::ItemMod) {
        let is_test = self.is_test();
        let inline = item.content.as_ref().map(|(_, items)| {
            self.scopes.push(Scope::default());
            items.iter().for_each(|item| self.visit_item(item));
            self.scopes.pop().expect("the scope of this module")
        });
        self.scope().children.push(Child {
            name: item.ident.to_string(),
            path: path_of(&item.attrs),
            line: line(item.ident.span()),
            is_test,
            is_api: is_api(&item.vis, &item.attrs),
            inline,
        });
    }

    fn import(&mut self, item: &syn::ItemUse) {
        if self.is_test() {
            return;
        }
        self.scope().imports.append(&mut uses::names(item));
    }

    fn name(&mut self, path: Vec<String>, span: Span) {
        if !self.is_test() {
            let line = line(span);
            self.scope().paths.push(Named { path, line });
        }
    }
}

impl<'ast> Visit<'ast> for Reader {
    fn visit_item(&mut self, item: &'ast Item) {
        self.within(super::attributes::of(item), |reader| match item {
            Item::Mod(module) => reader.module(module),
            Item::Use(import) => reader.import(import),
            _ => visit::visit_item(reader, item),
        });
    }

    fn visit_impl_item(&mut self, item: &'ast syn::ImplItem) {
        let attributes: &[Attribute] = match item {
            syn::ImplItem::Fn(function) => &function.attrs,
            syn::ImplItem::Const(constant) => &constant.attrs,
            _ => &[],
        };
        self.within(attributes, |reader| visit::visit_impl_item(reader, item));
    }

    fn visit_local(&mut self, local: &'ast syn::Local) {
        self.within(&local.attrs, |reader| visit::visit_local(reader, local));
    }

    fn visit_field(&mut self, field: &'ast syn::Field) {
        self.within(&field.attrs, |reader| visit::visit_field(reader, field));
    }

    fn visit_field_value(&mut self, field: &'ast syn::FieldValue) {
        self.within(&field.attrs, |reader| {
            visit::visit_field_value(reader, field);
        });
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        let ident = &item.sig.ident;
        if is_test(&item.attrs) {
            let place = (ident.to_string(), line(ident.span()));
            self.facts.tests.push(place);
        }
        self.define(ident);
        self.function(&item.sig, &item.block);
        visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.function(&item.sig, &item.block);
        visit::visit_impl_item_fn(self, item);
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        if let Some(block) = &item.default {
            self.function(&item.sig, block);
        }
        visit::visit_trait_item_fn(self, item);
    }

    fn visit_item_struct(&mut self, item: &'ast syn::ItemStruct) {
        self.define_type(&item.ident);
        let is_public = |field: &syn::Field| matches!(field.vis, Visibility::Public(_));
        let is_whole = item.fields.is_empty() || item.fields.iter().any(is_public);
        self.closed(&item.ident, (&item.vis, &item.attrs), is_whole);
        visit::visit_item_struct(self, item);
    }

    fn visit_item_enum(&mut self, item: &'ast syn::ItemEnum) {
        self.define_type(&item.ident);
        self.closed(&item.ident, (&item.vis, &item.attrs), true);
        visit::visit_item_enum(self, item);
    }

    fn visit_item_trait(&mut self, item: &'ast syn::ItemTrait) {
        self.define_type(&item.ident);
        visit::visit_item_trait(self, item);
    }

    fn visit_item_type(&mut self, item: &'ast syn::ItemType) {
        self.define_type(&item.ident);
        visit::visit_item_type(self, item);
    }

    fn visit_item_const(&mut self, item: &'ast syn::ItemConst) {
        self.define(&item.ident);
        visit::visit_item_const(self, item);
    }

    fn visit_item_static(&mut self, item: &'ast syn::ItemStatic) {
        self.define(&item.ident);
        visit::visit_item_static(self, item);
    }

    fn visit_item_macro(&mut self, item: &'ast syn::ItemMacro) {
        if let Some(ident) = &item.ident {
            self.define(ident);
            let is_exported = |a: &Attribute| a.path().is_ident("macro_export");
            if item.attrs.iter().any(is_exported) {
                self.scope().exported_macros.push(ident.to_string());
            }
        }
        visit::visit_item_macro(self, item);
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        if let syn::Type::Path(path) = &*item.self_ty
            && let Some(last) = path.path.segments.last()
            && !self.is_test()
        {
            let place = (last.ident.to_string(), line(item.impl_token.span));
            self.facts.impls.push(place);
        }
        visit::visit_item_impl(self, item);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let mut names: Vec<String> = Vec::new();
        if path.leading_colon.is_some() {
            names.push(String::from("::"));
        }
        names.extend(path.segments.iter().map(|s| s.ident.to_string()));
        if let Some(first) = path.segments.first() {
            self.name(names, first.ident.span());
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, invoked: &'ast syn::Macro) {
        self.visit_path(&invoked.path);
        tokens::tests(invoked.tokens.clone(), &mut self.facts.tests);
        macros::functions(invoked.tokens.clone(), &mut self.facts.functions);
        if !self.is_test() {
            macros::types(invoked.tokens.clone(), &mut self.facts);
            let paths = &mut self.scope().paths;
            tokens::paths(invoked.tokens.clone(), paths);
        }
    }

    fn visit_pat_ident(&mut self, pattern: &'ast syn::PatIdent) {
        self.scope().bound.insert(pattern.ident.to_string());
        visit::visit_pat_ident(self, pattern);
    }

    fn visit_visibility(&mut self, _: &'ast Visibility) {}

    fn visit_attribute(&mut self, _: &'ast Attribute) {}
}

fn line(span: Span) -> usize {
    span.start().line
}
