//! Fills the page template; everything the page needs is inside it.

use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, UndefinedBehavior, Value, context};

use super::figure::Book;
use super::sections::{self, Section};
use super::{Error, Lang, ReportInput};

const PAGE: &str = "page.html";
const BLOCKS: &str = "blocks.html";
const STYLE: &str = include_str!("templates/style.css");

/// The page.
///
/// # Errors
/// [`Error::Draw`] and [`Error::Template`].
pub(super) fn render(input: &ReportInput, lang: Lang) -> Result<String, Error> {
    let book = Book::new(input, lang);
    let sections = sections::all(&book)?;
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
    environment.set_syntax(syntax.map_err(template_failed(PAGE))?);
    for (name, source) in [
        (BLOCKS, include_str!("templates/blocks.html")),
        (PAGE, include_str!("templates/page.html")),
    ] {
        environment.add_template(name, source).map_err(template_failed(name))?;
    }
    let words: Value = book.words.entries().into_iter().collect::<WordMap>().into();
    let facts = [
        (book.words.policy, "/policy/title"),
        (book.words.document, "/policy/document"),
        (book.words.system, "/system"),
        (book.words.catalog_years, "/catalog/years"),
        (book.words.settled_year, "/year"),
        (book.words.run_id, "/id"),
    ];
    let facts: Value = facts
        .into_iter()
        .map(|(label, pointer)| {
            let fact = book.fact(pointer);
            context! { label => label, text => fact.text, source => fact.source }
        })
        .collect();
    let page = context! {
        words => words,
        style => Value::from_safe_string(STYLE.to_owned()),
        heading => book.fact("/policy/title").text,
        simulated => is_simulated(&input.manifest),
        facts => facts,
        sections => sections.iter().map(Section::to_value).collect::<Value>(),
    };
    environment
        .get_template(PAGE)
        .and_then(|template| template.render(page))
        .map_err(template_failed(PAGE))
}

fn template_failed(template: &'static str) -> impl Fn(minijinja::Error) -> Error {
    move |source| Error::Template { template, source }
}

type WordMap = std::collections::BTreeMap<&'static str, &'static str>;

/// J16: a run counts as simulated unless its manifest says that it is not.
pub(super) fn is_simulated(manifest: &serde_json::Value) -> bool {
    manifest.get("simulated").and_then(serde_json::Value::as_bool).unwrap_or(true)
}
