//! Source files: which there are, what they are by their bytes, and what their header says.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use flate2::read::MultiGzDecoder;
use sha2::{Digest as _, Sha256};

use super::encoding::{Decoded, Encoding, Verdict, decide, valid};
use super::error::Error;
use crate::units::hex;
use crate::warehouse::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use crate::warehouse::parquet;

/// Endings by which files in a folder are taken for exports.
const ENDINGS: &[&str] =
    &[".csv", ".txt", ".tsv", ".csv.gz", ".txt.gz", ".tsv.gz", ".parquet", ".parq"];
/// Text looked at to find the delimiter.
const HEADER_BYTES: u64 = 1 << 20;
const DELIMITERS: &[u8] = b",\t|;";

/// What a file is by its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Csv,
    CsvGz,
    Parquet,
}

impl Format {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::CsvGz => "csv.gz",
            Self::Parquet => "parquet",
        }
    }
}

/// What a mapping says of a text, instead of its bytes.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Told {
    pub(crate) delimiter: Option<u8>,
    pub(crate) encoding: Option<Encoding>,
}

/// One export, looked at but not read.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    pub(crate) path: PathBuf,
    /// File name without its folder.
    pub(crate) name: String,
    pub(crate) format: Format,
    /// Encoding of a text.
    pub(crate) encoding: Option<Encoding>,
    /// Delimiter of a text.
    pub(crate) delimiter: u8,
    /// SHA-256 of the file's bytes, hex.
    pub(crate) sha256: String,
    /// Size in bytes.
    pub(crate) bytes: u64,
    /// Its columns; those of a text are text.
    pub(crate) schema: SchemaRef,
    /// Columns of a text in the file, unnamed ones included: records have that many fields.
    pub(crate) fields: usize,
    /// Position in the file of each column of the schema.
    pub(crate) positions: Vec<usize>,
}

/// The files named and those in the folders named, in order, each once; and the names passed over.
pub(crate) fn discover(paths: &[PathBuf]) -> Result<(Vec<PathBuf>, Vec<String>), Error> {
    let (mut files, mut passed) = (Vec::new(), Vec::new());
    for path in paths {
        let meta =
            std::fs::metadata(path).map_err(|source| Error::Read { path: path.clone(), source })?;
        if meta.is_dir() {
            walk(path, &mut files, &mut passed)?;
        } else {
            files.push(path.clone());
        }
    }
    let mut seen = std::collections::BTreeSet::new();
    files.retain(|path| seen.insert(path.canonicalize().unwrap_or_else(|_| path.clone())));
    if files.is_empty() {
        let named: Vec<String> = paths.iter().map(|path| format!("`{}`", path.display())).collect();
        return Err(Error::NoFiles { paths: named.join(", ") });
    }
    Ok((files, passed))
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>, passed: &mut Vec<String>) -> Result<(), Error> {
    let failed = |source| Error::Read { path: folder.to_owned(), source };
    let mut entries = std::fs::read_dir(folder)
        .and_then(|entries| {
            entries.map(|entry| entry.map(|entry| entry.path())).collect::<io::Result<Vec<_>>>()
        })
        .map_err(failed)?;
    entries.sort();
    for path in entries {
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
        if name.starts_with(['.', '_']) {
            continue;
        }
        if path.is_dir() {
            walk(&path, files, passed)?;
        } else if ENDINGS.iter().any(|ending| name.ends_with(ending)) {
            files.push(path);
        } else {
            passed.push(path.display().to_string());
        }
    }
    Ok(())
}

/// Looks at a file: what it is, its digest, its columns. Reads all of it once or twice.
///
/// `told` is what the mapping says of it.
pub(crate) fn inspect(path: &Path, told: Told) -> Result<Source, Error> {
    let read = |source| Error::Read { path: path.to_owned(), source };
    let mut file = File::open(path).map_err(read)?;
    let bytes = file.metadata().map_err(read)?.len();
    let (start, end) = ends(&mut file, bytes).map_err(read)?;
    let format = by_content(path, bytes, &start, &end)?;
    by_name(path, format)?;
    let sha256 = digest(file).map_err(read)?;
    let mut source = Source {
        path: path.to_owned(),
        name: path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        format,
        encoding: None,
        delimiter: b',',
        sha256,
        bytes,
        schema: Arc::new(Schema::empty()),
        fields: 0,
        positions: Vec::new(),
    };
    match format {
        Format::Parquet => source.look_at_parquet()?,
        Format::Csv | Format::CsvGz => source.look_at_text(told)?,
    }
    Ok(source)
}

fn ends(file: &mut File, bytes: u64) -> io::Result<([u8; 4], [u8; 4])> {
    let (mut start, mut end) = ([0; 4], [0; 4]);
    if bytes >= 4 {
        file.read_exact(&mut start)?;
        file.seek(SeekFrom::End(-4))?;
        file.read_exact(&mut end)?;
        file.seek(SeekFrom::Start(0))?;
    }
    Ok((start, end))
}

fn by_content(path: &Path, bytes: u64, start: &[u8], end: &[u8]) -> Result<Format, Error> {
    let path = path.to_owned();
    match start {
        _ if bytes == 0 => Err(Error::EmptyFile { path }),
        b"PAR1" if end == b"PAR1" && bytes >= 12 => Ok(Format::Parquet),
        b"PAR1" => Err(Error::Parquet {
            path,
            source: crate::warehouse::store::Leaf(
                "it begins like one but does not end like one".to_owned(),
            ),
        }),
        b"PK\x03\x04" => {
            Err(Error::Unsupported { path, found: "a ZIP archive or an Excel workbook" })
        }
        b"\xD0\xCF\x11\xE0" => Err(Error::Unsupported { path, found: "an old Office document" }),
        [0x1F, 0x8B, ..] => Ok(Format::CsvGz),
        _ => Ok(Format::Csv),
    }
}

/// Refuses a file whose ending promises something else than its bytes.
fn by_name(path: &Path, format: Format) -> Result<(), Error> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    let (named, right) = if name.ends_with(".parquet") || name.ends_with(".parq") {
        ("Parquet", format == Format::Parquet)
    } else if name.ends_with(".gz") {
        ("gzip", format == Format::CsvGz)
    } else if [".csv", ".txt", ".tsv"].iter().any(|ending| name.ends_with(ending)) {
        ("plain text", format == Format::Csv)
    } else {
        return Ok(());
    };
    let found = match format {
        Format::Csv => "neither Parquet nor gzip",
        Format::CsvGz => "gzip",
        Format::Parquet => "Parquet",
    };
    if right { Ok(()) } else { Err(Error::NameMismatch { path: path.to_owned(), named, found }) }
}

fn digest(file: File) -> io::Result<String> {
    let mut reader = BufReader::with_capacity(1 << 20, file);
    let mut hash = Sha256::new();
    loop {
        let chunk = io::BufRead::fill_buf(&mut reader)?;
        if chunk.is_empty() {
            break;
        }
        hash.update(chunk);
        let length = chunk.len();
        io::BufRead::consume(&mut reader, length);
    }
    Ok(hex(&hash.finalize()))
}

/// A reader of the records of a text, and of the record that [`is_end`] after them.
pub(crate) type CsvReader = csv::Reader<io::Chain<Decoded<Box<dyn Read + Send>>, &'static [u8]>>;

/// A record of its own after the last one of a text. Where a quote is still open it is swallowed
/// instead: that, and nothing else, tells that a quote was never closed.
const END: &[u8] = b"\n\x03\n";

/// Whether a record is the one after the last.
pub(crate) fn is_end(record: &csv::ByteRecord) -> bool {
    record.len() == 1 && &record[0] == b"\x03"
}

/// Bytes of a text before decoding.
pub(crate) fn open_bytes(path: &Path, format: Format) -> io::Result<Box<dyn Read + Send>> {
    let file = BufReader::with_capacity(256 * 1024, File::open(path)?);
    Ok(match format {
        Format::CsvGz => Box::new(BufReader::with_capacity(256 * 1024, MultiGzDecoder::new(file))),
        Format::Csv | Format::Parquet => Box::new(file),
    })
}

impl Source {
    /// A failure while its bytes are read: the disk's, or the compression's.
    pub(crate) fn read_error(&self, source: io::Error) -> Error {
        let path = self.path.clone();
        let compression = matches!(
            source.kind(),
            io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData
        );
        if self.format == Format::CsvGz && compression {
            return Error::Gzip { path, source };
        }
        Error::Read { path, source }
    }

    fn look_at_parquet(&mut self) -> Result<(), Error> {
        let file = File::open(&self.path).map_err(|err| self.read_error(err))?;
        let opened = parquet::Source::open(file)
            .map_err(|source| Error::Parquet { path: self.path.clone(), source })?;
        if opened.rows() == 0 {
            return Err(Error::NoRows { path: self.path.clone() });
        }
        self.fields = opened.schema().fields().len();
        self.positions = (0..self.fields).collect();
        self.schema = Arc::new(Schema::new(opened.schema().fields().clone()));
        self.refuse_duplicates()
    }

    fn look_at_text(&mut self, told: Told) -> Result<(), Error> {
        let open = || open_bytes(&self.path, self.format);
        let verdict = match told.encoding {
            Some(encoding) => valid(open, encoding),
            None => decide(open),
        };
        let verdict = verdict.map_err(|err| self.read_error(err))?;
        let path = self.path.clone();
        let encoding = match verdict {
            Verdict::Is(encoding) => encoding,
            Verdict::Binary => return Err(Error::Unsupported { path, found: "binary data" }),
            Verdict::Wrong { offset, line } => return Err(Error::Encoding { path, offset, line }),
        };
        self.encoding = Some(encoding);
        self.delimiter = match told.delimiter {
            Some(delimiter) => delimiter,
            None => self.find_delimiter(encoding).map_err(|err| self.read_error(err))?,
        };
        let mut reader = self.csv_reader()?;
        let header = reader.byte_headers().map_err(|err| self.csv_error(err))?.clone();
        if is_end(&header) {
            return Err(Error::EmptyFile { path });
        }
        self.fields = header.len();
        let mut columns = Vec::new();
        for (at, name) in header.iter().enumerate() {
            let name = String::from_utf8_lossy(name).trim().to_owned();
            // Columns without a name come from a delimiter at the end of the lines.
            if !name.is_empty() {
                self.positions.push(at);
                columns.push(Field::new(name, DataType::Utf8, true));
            }
        }
        if columns.is_empty() {
            return Err(Error::EmptyFile { path });
        }
        self.schema = Arc::new(Schema::new(columns));
        let mut record = csv::ByteRecord::new();
        let more = reader.read_byte_record(&mut record).map_err(|err| self.csv_error(err))?;
        if !more || is_end(&record) {
            return Err(Error::NoRows { path });
        }
        self.refuse_duplicates()
    }

    fn refuse_duplicates(&self) -> Result<(), Error> {
        let mut names: Vec<&str> = self.column_names().collect();
        names.sort_unstable();
        match names.windows(2).find(|pair| pair[0] == pair[1]) {
            None => Ok(()),
            Some(pair) => {
                Err(Error::DuplicateColumn { path: self.path.clone(), column: pair[0].to_owned() })
            }
        }
    }

    /// Names of its columns.
    pub(crate) fn column_names(&self) -> impl Iterator<Item = &str> {
        self.schema.fields().iter().map(|field| field.name().as_str())
    }

    /// Its columns as a list for messages.
    pub(crate) fn column_list(&self) -> String {
        self.column_names().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
    }

    /// The delimiter that stands most often in the header, outside quotes; a comma if none does.
    fn find_delimiter(&self, encoding: Encoding) -> io::Result<u8> {
        let mut text = Vec::new();
        Decoded::new(open_bytes(&self.path, self.format)?, encoding)
            .take(HEADER_BYTES)
            .read_to_end(&mut text)?;
        let (mut counts, mut quoted, mut begun) = ([0usize; 4], false, false);
        for byte in text {
            match byte {
                b'"' => quoted = !quoted,
                b'\n' | b'\r' if !quoted && begun => break,
                b'\n' | b'\r' => {}
                _ => {
                    begun = true;
                    if let Some(at) = DELIMITERS.iter().position(|known| *known == byte)
                        && !quoted
                    {
                        counts[at] += 1;
                    }
                }
            }
        }
        let most = counts.iter().max().copied().unwrap_or(0);
        let at = counts.iter().position(|count| *count == most).unwrap_or(0);
        Ok(DELIMITERS[at])
    }

    /// A reader of its records, which may have any number of fields, and of the one that [`is_end`] after them.
    pub(crate) fn csv_reader(&self) -> Result<CsvReader, Error> {
        let encoding = self.encoding.unwrap_or(Encoding::Utf8);
        let bytes = open_bytes(&self.path, self.format).map_err(|err| self.read_error(err))?;
        Ok(csv::ReaderBuilder::new()
            .delimiter(self.delimiter)
            .flexible(true)
            .buffer_capacity(256 * 1024)
            .from_reader(Decoded::new(bytes, encoding).chain(END)))
    }

    pub(crate) fn csv_error(&self, err: csv::Error) -> Error {
        let text = err.to_string();
        match err.into_kind() {
            csv::ErrorKind::Io(source) => self.read_error(source),
            _ => self.read_error(io::Error::other(text)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Error, Format, Told, inspect};

    fn file(folder: &Path, name: &str, bytes: &[u8]) -> std::path::PathBuf {
        let path = folder.join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }

    #[test]
    fn delimiter_and_columns_come_from_the_header() {
        let folder = tempfile::tempdir().unwrap();
        for (text, delimiter) in [
            ("a,b\n1,2\n", b','),
            ("a\tb\n1,5\t2\n", b'\t'),
            ("\"x,y,z\"|b\n1|2\n", b'|'),
            ("\na;b;\n1;2;\n", b';'),
        ] {
            let source =
                inspect(&file(folder.path(), "f.csv", text.as_bytes()), Told::default()).unwrap();
            assert_eq!((source.delimiter, source.format), (delimiter, Format::Csv), "{text}");
            assert_eq!(source.column_names().count(), 2, "{text}");
        }
    }

    #[test]
    fn a_file_that_is_not_what_its_name_says_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let check =
            |name: &str, bytes: &[u8]| inspect(&file(folder.path(), name, bytes), Told::default());
        assert!(matches!(check("a.csv", b""), Err(Error::EmptyFile { .. })));
        assert!(matches!(check("b.csv", b"a,b\n"), Err(Error::NoRows { .. })));
        assert!(matches!(check("c.parquet", b"a,b\n1,2\n"), Err(Error::NameMismatch { .. })));
        assert!(matches!(check("d.csv.gz", b"a,b\n1,2\n"), Err(Error::NameMismatch { .. })));
        assert!(matches!(check("e.csv", b"PK\x03\x04 and so on"), Err(Error::Unsupported { .. })));
        assert!(matches!(check("f.parquet", b"PAR1 half of it"), Err(Error::Parquet { .. })));
        assert!(matches!(check("g.parquet", b"PAR1xxxxxxxxPAR1"), Err(Error::Parquet { .. })));
        assert!(matches!(check("h.csv", b"a,b,a\n1,2,3\n"), Err(Error::DuplicateColumn { .. })));
        assert!(matches!(check("i.csv", b"a,b\n1,\xff\n"), Err(Error::Encoding { .. })));
        assert!(matches!(check("j.csv", b"a,b\n1,\0\n"), Err(Error::Unsupported { .. })));
    }
}
