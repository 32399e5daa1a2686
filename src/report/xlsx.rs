//! The workbook: a cover, then one sheet a result table with typed cells.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;
use rust_xlsxwriter::{
    Color, DocProperties, ExcelDateTime, Format, FormatAlign, FormatBorder, Url, Workbook,
    Worksheet, XlsxError,
};

use super::figure::{Book, Show};
use super::html::is_simulated;
use super::sections::sheet_name;
use super::{Error, Lang, ReportInput, text};
use crate::table::{Column, Table};

/// Data rows of one sheet; Excel has 1 048 576 rows, one of them the header.
const SHEET_ROWS: usize = 1_048_575;
/// Significant digits Excel keeps.
const EXCEL_DIGITS: u32 = 15;
/// Rows looked at to choose the width of a column.
const MEASURED: usize = 200;
/// Letters Excel allows in the name of a sheet.
const NAME_LETTERS: usize = 31;

/// The workbook's bytes.
///
/// # Errors
/// [`Error::Workbook`]
pub(super) fn render(input: &ReportInput, lang: Lang) -> Result<Vec<u8>, Error> {
    render_split(input, lang, SHEET_ROWS)
}

/// One table's part that fits a sheet.
struct Part<'a> {
    name: String,
    table: &'a Table,
    from: usize,
    to: usize,
}

/// With a given number of rows a sheet, so that splitting can be tested.
pub(super) fn render_split(
    input: &ReportInput,
    lang: Lang,
    sheet_rows: usize,
) -> Result<Vec<u8>, Error> {
    let book = Book::new(input, lang);
    let parts = parts(input, &book, sheet_rows);
    let mut workbook = Workbook::new();
    let failed = |sheet: &str| {
        let sheet = sheet.to_owned();
        move |source| Error::Workbook { sheet, source }
    };
    let cover_name = book.words.cover;
    workbook.set_properties(&properties(&book).map_err(failed(cover_name))?);
    cover(workbook.add_worksheet(), &book, &parts).map_err(failed(cover_name))?;
    for part in &parts {
        let sheet = workbook.add_worksheet();
        fill(sheet, &book, part).map_err(failed(&part.name))?;
    }
    workbook.save_to_buffer().map_err(failed(cover_name))
}

/// No clock: the date of creation is always the same.
fn properties(book: &Book<'_>) -> Result<DocProperties, XlsxError> {
    let created = ExcelDateTime::from_timestamp(0)?;
    Ok(DocProperties::new()
        .set_title(book.words.page_title)
        .set_subject(book.fact("/policy/title").text)
        .set_author(book.fact("/program").text)
        .set_creation_datetime(&created))
}

/// Known tables in their order, then the others by name.
fn parts<'a>(input: &'a ReportInput, book: &Book<'_>, sheet_rows: usize) -> Vec<Part<'a>> {
    let known: Vec<&str> = text::table_order().collect();
    let others = input.tables.keys().map(String::as_str).filter(|name| !known.contains(name));
    let order = known.iter().copied().chain(others);
    let tables = order.filter_map(|name| Some((name, input.tables.get(name)?)));
    let mut parts = Vec::new();
    for (name, table) in tables.filter(|(_, table)| table.rows() > 0) {
        for (at, from) in (0..table.rows()).step_by(sheet_rows).enumerate() {
            let mut title = sheet_name(book.lang, name);
            if at > 0 {
                title = format!("{title} {} {}", book.words.part, at + 1);
            }
            parts.push(Part {
                name: allowed(&title),
                table,
                from,
                to: table.rows().min(from + sheet_rows),
            });
        }
    }
    parts
}

/// Excel allows 31 letters, none of `[]:*?/\`.
fn allowed(title: &str) -> String {
    title
        .chars()
        .map(|letter| if "[]:*?/\\".contains(letter) { '_' } else { letter })
        .take(NAME_LETTERS)
        .collect()
}

fn header_format() -> Format {
    Format::new()
        .set_bold()
        .set_text_wrap()
        .set_align(FormatAlign::VerticalCenter)
        .set_background_color(Color::RGB(0x00E8_EEF5))
        .set_border_bottom(FormatBorder::Thin)
}

/// What the printed pages of every sheet carry.
fn page_setup(sheet: &mut Worksheet, book: &Book<'_>) {
    sheet.set_landscape().set_paper_size(9).set_print_fit_to_pages(1, 0);
    let mark = if is_simulated(book.manifest()) { book.words.simulated } else { "" };
    sheet.set_header(format!("&L&A&R{mark}")).set_footer("&C&P / &N");
}

fn cover(sheet: &mut Worksheet, book: &Book<'_>, parts: &[Part<'_>]) -> Result<(), XlsxError> {
    let words = book.words;
    let title = Format::new().set_bold().set_font_size(16);
    let warning = Format::new().set_bold().set_font_color(Color::RGB(0x008A_4B00));
    let label = Format::new().set_font_color(Color::RGB(0x005C_6878));
    sheet.set_name(words.cover)?;
    page_setup(sheet, book);
    sheet.set_column_width(0, 26)?.set_column_width(1, 72)?.set_column_width(2, 14)?;
    sheet.write_string_with_format(0, 0, words.page_title, &title)?;
    let mut row = 1;
    if is_simulated(book.manifest()) {
        let text = format!("{}: {}", words.simulated, words.simulated_text);
        sheet.write_string_with_format(row, 0, text, &warning)?;
        row += 1;
    }
    row += 1;
    for (name, pointer) in [
        (words.policy, "/policy/title"),
        (words.document, "/policy/document"),
        (words.system, "/system"),
        (words.catalog_years, "/catalog/years"),
        (words.settled_year, "/year"),
        (words.run_id, "/id"),
        (words.appendix_command, "/command"),
        (words.policy_digest, "/policy/digest"),
        (words.catalog_digest, "/catalog/digest"),
    ] {
        sheet.write_string_with_format(row, 0, name, &label)?;
        sheet.write_string(row, 1, book.fact(pointer).text)?;
        row += 1;
    }
    let program = book.fact("/program").and(&book.fact("/version"));
    sheet.write_string_with_format(row, 0, words.appendix_program, &label)?;
    sheet.write_string(row, 1, program.text)?;
    row += 1;
    row += 1;
    sheet.write_string_with_format(row, 0, words.sheet_list, &header_format())?;
    sheet.write_string_with_format(row, 1, words.column_list, &header_format())?;
    sheet.write_string_with_format(row, 2, words.rows, &header_format())?;
    for part in parts {
        row += 1;
        sheet.write_url(
            row,
            0,
            Url::new(format!("internal:'{}'!A1", part.name.replace('\'', "''")))
                .set_text(&part.name),
        )?;
        let columns: Vec<&str> = part.table.columns.iter().map(|(name, _)| name.as_str()).collect();
        sheet.write_string(row, 1, columns.join(", "))?;
        let rows = u32::try_from(part.to - part.from).unwrap_or(u32::MAX);
        sheet.write_number_with_format(row, 2, rows, &Format::new().set_num_format("#,##0"))?;
    }
    sheet.write_string_with_format(row + 2, 0, words.xlsx_note, &label)?;
    Ok(())
}

fn fill(sheet: &mut Worksheet, book: &Book<'_>, part: &Part<'_>) -> Result<(), XlsxError> {
    sheet.set_name(&part.name)?;
    page_setup(sheet, book);
    sheet.set_freeze_panes(1, 0)?.set_repeat_rows(0, 0)?;
    sheet.set_row_height(0, 34)?;
    for (at, (name, column)) in part.table.columns.iter().enumerate() {
        let at = u16::try_from(at).map_err(|_| XlsxError::RowColumnLimitError)?;
        let label = text::column_label(book.lang, name).unwrap_or(name);
        // The second line is the name used in `data-source` and in the result table.
        sheet.write_string_with_format(0, at, format!("{label}\n{name}"), &header_format())?;
        sheet.set_column_width(at, width(label, name, column))?;
        let look = number_format(name, column);
        for (row, index) in (1u32..).zip(part.from..part.to) {
            write_cell(sheet, (row, at), column, index, &look)?;
        }
    }
    let rows = u32::try_from(part.to - part.from).map_err(|_| XlsxError::RowColumnLimitError)?;
    let last = u16::try_from(part.table.columns.len().saturating_sub(1))
        .map_err(|_| XlsxError::RowColumnLimitError)?;
    sheet.autofilter(0, 0, rows, last)?;
    Ok(())
}

/// Numbers as numbers as far as Excel keeps all their digits, the rest as text; no cell where
/// there is no value.
fn write_cell(
    sheet: &mut Worksheet,
    (row, at): (u32, u16),
    column: &Column,
    index: usize,
    look: &Format,
) -> Result<(), XlsxError> {
    let Some(shown) = column.show(index) else { return Ok(()) };
    let number = match column {
        Column::Text(_) => None,
        Column::Float(values) => values[index].filter(|value| value.is_finite()),
        Column::Whole(_) | Column::Decimal { .. } => Decimal::from_str_exact(&shown)
            .ok()
            .filter(|value| digits(*value) <= EXCEL_DIGITS)
            .and_then(|value| value.to_f64()),
    };
    match number {
        Some(number) => sheet.write_number_with_format(row, at, number, look)?,
        None => sheet.write_string(row, at, shown)?,
    };
    Ok(())
}

/// Significant digits of a number as it would be written without trailing zeros.
fn digits(value: Decimal) -> u32 {
    value.normalize().mantissa().unsigned_abs().checked_ilog10().map_or(1, |log| log + 1)
}

/// How Excel shows the numbers of a column.
fn number_format(name: &str, column: &Column) -> Format {
    let places = match column {
        Column::Decimal { places, .. } => usize::try_from(*places).unwrap_or(0),
        Column::Float(_) => 6,
        Column::Whole(_) | Column::Text(_) => 0,
    };
    let decimals = if places == 0 { String::new() } else { format!(".{}", "0".repeat(places)) };
    let pattern = match Show::of(name) {
        Show::Plain => "0".to_owned(),
        Show::Rate => {
            let places = places.saturating_sub(2);
            if places == 0 { "0%".to_owned() } else { format!("0.{}%", "0".repeat(places)) }
        }
        Show::Percent => format!("0{decimals}\"%\""),
        Show::Number => format!("#,##0{decimals}"),
        Show::Change => format!("+#,##0{decimals};-#,##0{decimals};0{decimals}"),
    };
    Format::new().set_num_format(pattern)
}

/// Width by the longest of the first entries; a CJK letter is two wide.
fn width(label: &str, name: &str, column: &Column) -> f64 {
    let letters = |text: &str| -> u32 {
        text.chars().map(|letter| if letter.is_ascii() { 1u32 } else { 2 }).sum()
    };
    let extra = if matches!(column, Column::Text(_)) { 2 } else { 5 };
    let longest = (0..column.len().min(MEASURED))
        .filter_map(|row| column.show(row))
        .map(|text| letters(&text) + extra)
        .chain([letters(label) + 3, letters(name) + 3])
        .max()
        .unwrap_or(0);
    f64::from(longest.clamp(9, 60))
}
