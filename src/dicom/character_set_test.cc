#include "dicom/character_set.h"

#include <gtest/gtest.h>

namespace lightbox::dicom {
namespace {

struct Case {
  const char* name;
  std::string_view character_set;
  std::string_view bytes;
  std::string_view text;
  Vr vr = Vr::PN;
};

// The names of PS3.5 annexes H to K, each set of PS3.3 C.12.1.1.2, and what is out there.
const Case cases[] = {
    {"H.3.1, kanji with escapes", "\\ISO 2022 IR 87",
     "Yamada^Tarou=\x1B$B;3ED\x1B(B^\x1B$BB@O:\x1B(B=\x1B$B$d$^$@\x1B(B^\x1B$B$?$m$&\x1B(B",
     "Yamada^Tarou=山田^太郎=やまだ^たろう"},
    {"H.3.2, katakana first", "ISO 2022 IR 13\\ISO 2022 IR 87",
     "\xD4\xCF\xC0\xDE^\xC0\xDB\xB3=\x1B$B;3ED\x1B(J^\x1B$BB@O:\x1B(J="
     "\x1B$B$d$^$@\x1B(J^\x1B$B$?$m$&\x1B(J",
     "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう"},
    {"I.2, hangul and hanja", "\\ISO 2022 IR 149",
     "Hong^Gildong=\x1B$)C\xFB\xF3^\x1B$)C\xD1\xCE\xD4\xD7=\x1B$)C\xC8\xAB^\x1B$)C\xB1\xE6\xB5\xBF",
     "Hong^Gildong=洪^吉洞=홍^길동"},
    {"I.3, more lines, each with its escape", "\\ISO 2022 IR 149",
     "\x1B$)CThe \xB1\xE6\xB5\xBF\r\n\x1B$)C\xC8\xAB is", "The 길동\r\n홍 is", Vr::LT},
    {"J.1, UTF-8", "ISO_IR 192",
     "Wang^XiaoDong=\xE7\x8E\x8B^\xE5\xB0\x8F\xE6\x9D\xB1=", "Wang^XiaoDong=王^小東="},
    {"J.3, GB18030", "GB18030",
     "Wang^XiaoDong=\xCD\xF5^\xD0\xA1\xB6\xAB=", "Wang^XiaoDong=王^小东="},
    {"J.4, GBK", "GBK", "Wang^XiaoDong=\xCD\xF5^\xD0\xA1\xB6\xAB=", "Wang^XiaoDong=王^小东="},
    {"GB18030, four bytes", "GB18030", "\x82\x35\x87\x30", "䶬"},
    {"GBK, a backslash that is half a sign", "GBK", "\x81\\\\x", "乗\\x", Vr::LO},
    {"K.2, GB 2312", "\\ISO 2022 IR 58",
     "Zhang^XiaoDong=\x1B$)A\xD5\xC5^\x1B$)A\xD0\xA1\xB6\xAB=", "Zhang^XiaoDong=张^小东="},
    {"Latin 1", "ISO_IR 100", "Buc^J\xE9r\xF4me", "Buc^Jérôme"},
    {"Latin 2", "ISO_IR 101", "Wa\xB3\xEAsa", "Wałęsa"},
    {"Latin 3", "ISO_IR 109", "\xA6", "Ĥ"},
    {"Latin 4", "ISO_IR 110", "\xBE", "ž"},
    {"Cyrillic", "ISO_IR 144", "\xBB\xEE\xDA\x63\xD5\xDC\xD1\xE3\xE0\xD3", "Люкcембург"},
    {"Arabic", "ISO_IR 127", "\xE2\xC8\xC7\xE6\xEA^\xE4\xE6\xD2\xC7\xD1", "قباني^لنزار"},
    {"Greek", "ISO_IR 126", "\xC4\xE9\xEF\xED\xF5\xF3\xE9\xEF\xF2", "Διονυσιος"},
    {"Hebrew", "ISO_IR 138", "\xF9\xF8\xE5\xEF^\xE3\xE1\xE5\xF8\xE4", "שרון^דבורה"},
    {"Latin 5, Turkish", "ISO_IR 148", "\xDD\xF0", "İğ"},
    {"Latin 9", "ISO_IR 203", "\xA4", "€"},
    {"Thai", "ISO_IR 166", "\xCA\xC1\xAA\xD2\xC2", "สมชาย"},
    {"katakana alone", "ISO_IR 13", "\xD4\xCF\xC0\xDE^\xC0\xDB\xB3", "ﾔﾏﾀﾞ^ﾀﾛｳ"},
    {"JIS X 0212", "\\ISO 2022 IR 159", "\x1B$(D\x30\x21\x1B(B", "丂"},
    {"JIS of 1978", "\\ISO 2022 IR 87", "\x1B$@;3\x1B(B", "山"},
    {"three sets by escapes", "ISO 2022 IR 100\\ISO 2022 IR 144\\ISO 2022 IR 126",
     "J\xE9r\xF4me \x1B-L\xBB\xEE \x1B-F\xC4\xE9", "Jérôme Лю Δι", Vr::LO},
    {"a delimiter ends an escape", "ISO 2022 IR 100\\ISO 2022 IR 144", "\x1B-L\xBB\xEE^\xE9",
     "Лю^é"},
    {"of LO, a backslash does", "ISO 2022 IR 100\\ISO 2022 IR 144",
     "\x1B-L\xBB\\\xE9^\x1B-L\xEE^\xEE", "Л\\é^ю^ю", Vr::LO},
    {"in a pair a delimiter is none", "\\ISO 2022 IR 87", "\x1B$B\x30\x5C\x1B(B\\a", "移\\a",
     Vr::LO},
    {"nothing declared, ASCII", "", "Adams^John", "Adams^John"},
    {"nothing declared, UTF-8", "", "M\xC3\xBCller", "Müller"},
    {"nothing declared, Latin 1", "", "M\xFCller", "Müller"},
    {"ISO_IR 6 and high bytes", "ISO_IR 6", "M\xFCller", "Müller"},
    {"another spelling", "ISO-IR 100", "M\xFCller", "Müller"},
    {"a term that nobody knows", "KLINGON", "M\xFCller", "Müller"},
    {"UTF-8 that is broken", "ISO_IR 192", "a\xFF\xE7\x8E", "a\uFFFD\uFFFD\uFFFD"},
    {"a surrogate is no character", "ISO_IR 192", "\xED\xA0\x80", "\uFFFD\uFFFD\uFFFD"},
    {"Korean that is broken", "\\ISO 2022 IR 149", "\x1B$)C\xB1", "\uFFFD"},
    {"katakana that is broken", "ISO_IR 13", "\xFF", "\uFFFD"},
    {"an escape that nobody knows", "ISO 2022 IR 100", "a\x1BZb", "a\uFFFDZb"},
    {"an escape at the end", "\\ISO 2022 IR 87", "a\x1B", "a\uFFFD"},
    {"half a pair", "\\ISO 2022 IR 87", "\x1B$B;", ";"},
};

TEST(CharacterSetTest, BecomesUtf8) {
  for (const Case& example : cases) {
    EXPECT_EQ(to_utf8(example.bytes, example.character_set, example.vr), example.text)
        << example.name;
  }
}

}  // namespace
}  // namespace lightbox::dicom
