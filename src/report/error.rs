//! Why a report could not be written.

use std::path::PathBuf;

use crate::explain::{Explain, Kind, nearest};

/// Why a report could not be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Not a format we write.
    #[error("`{name}` is not a report format; there are `html` and `xlsx`")]
    UnknownFormat {
        /// What was asked for.
        name: String,
    },
    /// The report folder cannot be made.
    #[error("cannot make the report folder `{}`", path.display())]
    MakeFolder {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A report file cannot be written.
    #[error("cannot write the report `{}`", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A chart cannot be drawn.
    #[error("cannot draw the chart `{chart}`")]
    Draw {
        /// Which chart.
        chart: &'static str,
        /// What the plotting library said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The page template fails.
    #[error("cannot fill the page template `{template}`")]
    Template {
        /// Which template.
        template: &'static str,
        /// What the template engine said.
        source: minijinja::Error,
    },
    /// The workbook cannot be made.
    #[error("cannot make the sheet `{sheet}` of the workbook")]
    Workbook {
        /// The sheet, or `cover`.
        sheet: String,
        /// What the workbook library said.
        source: rust_xlsxwriter::XlsxError,
    },
}

impl Explain for Error {
    fn kind(&self) -> Kind {
        match self {
            Self::UnknownFormat { .. } | Self::MakeFolder { .. } | Self::Write { .. } => {
                Kind::Input
            }
            Self::Draw { .. } | Self::Template { .. } | Self::Workbook { .. } => Kind::Internal,
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::UnknownFormat { name } => nearest(name, ["html", "xlsx"])
                .map(|known| format!("did you mean `{known}`?"))
                .into_iter()
                .collect(),
            Self::MakeFolder { .. } | Self::Write { .. } => {
                vec!["name a folder you may write to that has free space; `--out DIR`".to_owned()]
            }
            _ => Vec::new(),
        }
    }
}
