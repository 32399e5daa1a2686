//! Workbooks (XLSX) as rows of cells.

use std::fs;
use std::io::Cursor;
use std::path::Path;

use calamine::{Data, Reader as _, Xlsx};

use super::Error;
use crate::catalog::parameters::{Cell, Rows};

/// All sheets in the order of the workbook, each with all rows from the top and all cells from the left.
pub(super) fn read(path: &Path) -> Result<Vec<(String, Rows<Cell>)>, Error> {
    let failed = |source: calamine::XlsxError| Error::WorkbookRead {
        path: path.to_owned(),
        source: Box::new(source),
    };
    let bytes = fs::read(path).map_err(|source| Error::File { path: path.to_owned(), source })?;
    let mut workbook = Xlsx::new(Cursor::new(bytes)).map_err(failed)?;
    let mut sheets = Vec::new();
    for name in workbook.sheet_names() {
        let range = workbook.worksheet_range(&name).map_err(failed)?;
        // A range begins at its first filled cell; rows are counted from the top of the sheet.
        let (above, left) = range.start().unwrap_or_default();
        let mut rows = vec![Vec::new(); above as usize];
        for cells in range.rows() {
            let mut row = vec![Cell::Empty; left as usize];
            row.extend(cells.iter().map(cell));
            rows.push(row);
        }
        sheets.push((name, rows));
    }
    Ok(sheets)
}

fn cell(data: &Data) -> Cell {
    match data {
        Data::Empty => Cell::Empty,
        Data::String(text) if text.is_empty() => Cell::Empty,
        Data::String(text) => Cell::Text(text.clone()),
        Data::Int(number) => Cell::Number(number.to_string()),
        Data::Float(number) => Cell::Number(number.to_string()),
        other => Cell::Other(other.to_string()),
    }
}
