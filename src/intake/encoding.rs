//! The encoding of a text file, decided from all of its bytes, and the text behind it.

use std::io::{self, Read};

use encoding_rs::{Decoder, DecoderResult, GB18030, UTF_8, UTF_16BE, UTF_16LE};

/// Bytes looked at in one step.
const CHUNK: usize = 1 << 20;

/// How the bytes of a text file are to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// Plain ASCII included.
    Utf8,
    /// With the byte order mark that Excel writes.
    Utf8Bom,
    /// GBK and GB2312 included.
    Gb18030,
    /// Excel's "Unicode text".
    Utf16Le,
    Utf16Be,
}

impl Encoding {
    /// The name in messages and in the table `load`.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Utf8 => "UTF-8",
            Self::Utf8Bom => "UTF-8 with BOM",
            Self::Gb18030 => "GB18030",
            Self::Utf16Le => "UTF-16LE",
            Self::Utf16Be => "UTF-16BE",
        }
    }

    /// Named by a mapping.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        [Self::Utf8, Self::Gb18030, Self::Utf16Le, Self::Utf16Be]
            .into_iter()
            .find(|known| known.as_str().eq_ignore_ascii_case(name))
    }

    /// Named by the byte order mark at the start of a file.
    fn from_mark(start: &[u8]) -> Option<Self> {
        match start {
            [0xEF, 0xBB, 0xBF, ..] => Some(Self::Utf8Bom),
            [0xFF, 0xFE, ..] => Some(Self::Utf16Le),
            [0xFE, 0xFF, ..] => Some(Self::Utf16Be),
            _ => None,
        }
    }

    fn decoder(self) -> Decoder {
        match self {
            // The decoders swallow the byte order mark of their own encoding.
            Self::Utf8 | Self::Utf8Bom => UTF_8.new_decoder_with_bom_removal(),
            Self::Gb18030 => GB18030.new_decoder_without_bom_handling(),
            Self::Utf16Le => UTF_16LE.new_decoder_with_bom_removal(),
            Self::Utf16Be => UTF_16BE.new_decoder_with_bom_removal(),
        }
    }
}

/// What all bytes of a file say about its encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Is(Encoding),
    /// A byte that text does not have: 0 outside UTF-16.
    Binary,
    /// Not valid; the first bad byte and its line.
    Wrong {
        offset: u64,
        line: u64,
    },
}

/// Checks text piece by piece against one encoding.
struct Check {
    decoder: Decoder,
    offset: u64,
    lines: u64,
    /// Characters from U+0800 on, such as all Chinese ones, were seen.
    chinese: bool,
    /// Characters from U+0100 to U+07FF (Greek, Cyrillic, Armenian …) were seen.
    foreign: bool,
    output: String,
}

impl Check {
    fn new(encoding: Encoding) -> Self {
        let output = String::with_capacity(CHUNK);
        let decoder = encoding.decoder();
        Self { decoder, offset: 0, lines: 1, chinese: false, foreign: false, output }
    }

    /// The first bad byte and its line, if there is one up to here.
    fn feed(&mut self, mut bytes: &[u8], last: bool) -> Option<(u64, u64)> {
        loop {
            self.output.clear();
            let (result, read) =
                self.decoder.decode_to_string_without_replacement(bytes, &mut self.output, last);
            let bytes_out = self.output.as_bytes();
            self.lines += bytes_out.iter().filter(|byte| **byte == b'\n').count() as u64;
            self.chinese |= bytes_out.iter().any(|byte| *byte >= 0xE0);
            self.foreign |= bytes_out.iter().any(|byte| (0xC4..0xE0).contains(byte));
            self.offset += read as u64;
            bytes = &bytes[read..];
            match result {
                DecoderResult::InputEmpty => return None,
                DecoderResult::OutputFull => {}
                DecoderResult::Malformed(length, after) => {
                    let back = u64::from(length) + u64::from(after);
                    return Some((self.offset.saturating_sub(back), self.lines));
                }
            }
        }
    }
}

/// Reads everything and decides: a byte order mark, else UTF-8 if all of it is valid, else GB18030.
///
/// A few Chinese words in GB18030 can be valid UTF-8 by chance: `医院` is `d2 bd d4 ba`, which UTF-8
/// reads as two letters of Cyrillic and Armenian. So a text with such letters and without a single
/// Chinese character is taken for GB18030 if it is valid there; a mapping can say otherwise.
///
/// `open` gives the bytes from their start, and is called once for each encoding tried.
pub(crate) fn decide<R: Read>(open: impl Fn() -> io::Result<R>) -> io::Result<Verdict> {
    let mut reader = open()?;
    let mut start = [0; 3];
    let length = fill(&mut reader, &mut start)?;
    if let Some(marked) = Encoding::from_mark(&start[..length]) {
        return Ok(verdict(open()?, marked)?.0);
    }
    let (utf8, check) = verdict(open()?, Encoding::Utf8)?;
    match utf8 {
        Verdict::Is(_) if check.chinese || !check.foreign => Ok(utf8),
        Verdict::Is(_) => {
            let (gb, _) = verdict(open()?, Encoding::Gb18030)?;
            Ok(if matches!(gb, Verdict::Is(_)) { gb } else { utf8 })
        }
        Verdict::Binary => Ok(utf8),
        Verdict::Wrong { .. } => Ok(verdict(open()?, Encoding::Gb18030)?.0),
    }
}

/// Whether all of a text is valid in the encoding that a mapping names; a byte order mark is no
/// letter.
pub(crate) fn valid<R: Read>(
    open: impl Fn() -> io::Result<R>,
    encoding: Encoding,
) -> io::Result<Verdict> {
    let mut start = [0; 3];
    let length = fill(&mut open()?, &mut start)?;
    let marked = Encoding::from_mark(&start[..length]) == Some(Encoding::Utf8Bom);
    let utf8 = encoding == Encoding::Utf8;
    Ok(verdict(open()?, if utf8 && marked { Encoding::Utf8Bom } else { encoding })?.0)
}

fn verdict(mut reader: impl Read, encoding: Encoding) -> io::Result<(Verdict, Check)> {
    let wide = matches!(encoding, Encoding::Utf16Le | Encoding::Utf16Be);
    let mut buffer = vec![0; CHUNK];
    let mut check = Check::new(encoding);
    loop {
        let length = fill(&mut reader, &mut buffer)?;
        if !wide && buffer[..length].contains(&0) {
            return Ok((Verdict::Binary, check));
        }
        if let Some((offset, line)) = check.feed(&buffer[..length], length == 0) {
            return Ok((Verdict::Wrong { offset, line }, check));
        }
        if length == 0 {
            return Ok((Verdict::Is(encoding), check));
        }
    }
}

/// Fills the buffer as far as the reader goes; 0 at the end.
fn fill(reader: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match reader.read(&mut buffer[filled..])? {
            0 => break,
            read => filled += read,
        }
    }
    Ok(filled)
}

/// The text of a file as UTF-8, without its byte order mark.
pub(crate) struct Decoded<R> {
    reader: R,
    decoder: Decoder,
    plain: bool,
    input: Vec<u8>,
    unread: std::ops::Range<usize>,
    output: Vec<u8>,
    ready: std::ops::Range<usize>,
    ended: bool,
}

impl<R: Read> Decoded<R> {
    pub(crate) fn new(reader: R, encoding: Encoding) -> Self {
        Self {
            reader,
            decoder: encoding.decoder(),
            plain: encoding == Encoding::Utf8,
            input: vec![0; 64 * 1024],
            unread: 0..0,
            output: vec![0; 256 * 1024],
            ready: 0..0,
            ended: false,
        }
    }

    fn decode(&mut self) -> io::Result<()> {
        while self.ready.is_empty() && !self.ended {
            if self.unread.is_empty() {
                let length = fill(&mut self.reader, &mut self.input)?;
                self.unread = 0..length;
            }
            let last = self.unread.is_empty();
            let input = &self.input[self.unread.clone()];
            let (result, read, written, _) =
                self.decoder.decode_to_utf8(input, &mut self.output, last);
            self.unread.start += read;
            self.ready = 0..written;
            self.ended = last && result == encoding_rs::CoderResult::InputEmpty;
        }
        Ok(())
    }
}

impl<R: Read> Read for Decoded<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.plain {
            // Checked before: valid UTF-8 without a mark passes as it is.
            return self.reader.read(into);
        }
        self.decode()?;
        let length = into.len().min(self.ready.len());
        into[..length].copy_from_slice(&self.output[self.ready.start..self.ready.start + length]);
        self.ready.start += length;
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::{Decoded, Encoding, Verdict, decide};

    fn verdict(bytes: &[u8]) -> Verdict {
        decide(|| Ok(bytes)).unwrap()
    }

    fn text(bytes: &[u8], encoding: Encoding) -> String {
        let mut text = String::new();
        Decoded::new(bytes, encoding).read_to_string(&mut text).unwrap();
        text
    }

    #[test]
    fn the_same_words_are_recognised_in_each_encoding() {
        let words = "机构,名称\nH1,济宁市第一人民医院\n";
        let (gb, _, _) = encoding_rs::GB18030.encode(words);
        let utf16: Vec<u8> = "\u{feff}"
            .chars()
            .chain(words.chars())
            .collect::<String>()
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        let marked = format!("\u{feff}{words}");
        for (bytes, encoding) in [
            (words.as_bytes(), Encoding::Utf8),
            (marked.as_bytes(), Encoding::Utf8Bom),
            (gb.as_ref(), Encoding::Gb18030),
            (utf16.as_slice(), Encoding::Utf16Le),
        ] {
            assert_eq!(verdict(bytes), Verdict::Is(encoding));
            assert_eq!(text(bytes, encoding), words, "{encoding:?}");
        }
    }

    #[test]
    fn a_character_cut_by_a_chunk_is_whole_again() {
        // 3-byte characters straddle every chunk of 1 MiB and every buffer of 64 KiB.
        let words = format!("a{}", "院中".repeat(400_000));
        assert_eq!(verdict(words.as_bytes()), Verdict::Is(Encoding::Utf8));
        let (gb, _, _) = encoding_rs::GB18030.encode(&words);
        assert_eq!(verdict(&gb), Verdict::Is(Encoding::Gb18030));
        assert!(text(&gb, Encoding::Gb18030) == words);
    }

    #[test]
    fn chinese_words_that_happen_to_be_utf8_are_read_as_gb18030() {
        // d2 bd d4 ba: 医院 in GB18030, "ҽԺ" in UTF-8.
        assert_eq!(verdict(b"a\n\xd2\xbd\xd4\xba\n"), Verdict::Is(Encoding::Gb18030));
        assert_eq!(verdict("a\n医院 ҽԺ\n".as_bytes()), Verdict::Is(Encoding::Utf8));
        assert_eq!(verdict("name\ncafé 25 °C\n".as_bytes()), Verdict::Is(Encoding::Utf8));
    }

    #[test]
    fn a_byte_that_is_neither_is_named_with_its_line() {
        // Two good lines of GB18030 (b5 bd = 到), then ff, which neither encoding has.
        let bytes = b"a,b\n1,\xb5\xbd\n2,\xff\n";
        assert_eq!(verdict(bytes), Verdict::Wrong { offset: 11, line: 3 });
        assert_eq!(verdict(b"a,b\n1,\0\n"), Verdict::Binary);
    }
}
