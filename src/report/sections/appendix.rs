//! What a reviewer needs to recompute the report: program, command, digests, inputs and outputs.

use super::super::figure::{Book, Figure, Show, entry_pointer};
use super::{Block, TableBlock, escape, span};

pub(super) fn blocks(book: &Book<'_>) -> Vec<Block> {
    let words = book.words;
    let program = book.fact("/program").and(&book.fact("/version"));
    let facts = [
        (words.run_id, book.fact("/id")),
        (words.appendix_program, program),
        (words.appendix_command, book.fact("/command")),
        (words.policy_digest, book.fact("/policy/digest")),
        (words.catalog_digest, book.fact("/catalog/digest")),
    ];
    let facts = facts.into_iter().map(|(label, figure)| (label.to_owned(), figure)).collect();
    let mut blocks = vec![
        Block::Facts(facts),
        Block::Paragraph(escape(words.appendix_text)),
        Block::Code(format!("dianshu verify {}", span(&book.fact("/id")))),
    ];
    blocks.extend(files(book, words.inputs, words.file, "inputs", "digest"));
    blocks.extend(files(book, words.outputs, words.file, "outputs", "sha256"));
    blocks
}

/// An object of the manifest (name → rows and digest) as a table.
fn files(book: &Book<'_>, title: &str, file: &str, list: &str, digest: &str) -> Option<Block> {
    let entries = book.manifest().get(list)?.as_object().filter(|entries| !entries.is_empty())?;
    let mut rows: Vec<Vec<Figure>> = Vec::new();
    for name in entries.keys() {
        let at = entry_pointer(&format!("/{list}"), name);
        let rows_at = format!("{at}/rows");
        let count = book.number_fact(&rows_at, Show::Number);
        rows.push(vec![
            Book::entry_name(&format!("/{list}"), name),
            count.unwrap_or_else(|| book.fact(&rows_at)),
            book.fact(&format!("{at}/{digest}")),
        ]);
    }
    let words = book.words;
    Some(Block::Table(TableBlock {
        title: escape(title),
        head: vec![
            (file.to_owned(), false),
            (words.rows.to_owned(), true),
            (words.digest.to_owned(), false),
        ],
        rows,
        note: None,
    }))
}
