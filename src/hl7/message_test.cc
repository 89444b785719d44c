#include "hl7/message.h"

#include <gmock/gmock.h>

namespace lightbox::hl7 {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Strings = std::vector<std::string>;

// With CR for '\n'.
std::string segments(std::string text) {
  for (char& c : text) {
    if (c == '\n') c = '\r';
  }
  return text;
}

// IHE RAD-4, Procedure Scheduled.
const std::string orm =
    segments(R"(MSH|^~\&|RIS|HOSP|LIGHTBOX|RAD|20260301083000||ORM^O01|4711|P|2.3.1
PID|||4711^^^HOSP||Doe^Jane||19700101|F
PV1||O|CT^^^HOSP
ORC|NW|P100^RIS|F200^RIS||SC
OBR|1|P100^RIS|F200^RIS|CT.CHEST^CT Chest^L||||||||||||||A1234^X|RP1|SPS1
ZDS|1.2.840.113619.2.55^RIS^Application^DICOM
)");
// IHE RAD-4 with HL7 v2.5.1.
const std::string omi = segments(
    R"(MSH|^~\&|OF|HOSP^1.2.3^ISO|IM|RAD|20260301083000||OMI^O23^OMI_O23|77|P|2.5.1||||||UNICODE UTF-8
PID|||P7^^^HOSP||Müller^Jörg
ORC|NW|P1|F1
OBR|1|P1|F1|MR^MR Head^L
IPC|ACC7^RIS^1.2.3^ISO|RP7|1.2.276.0.7^RIS|SPS7|MR
IPC|ACC7|RP7|1.2.276.0.7|SPS8|MR
IPC|ACC8|RP8|1.2.276.0.8|SPS9|MR
)");
// IHE RAD-128, as an archive announces images and as a RIS sends a report.
const std::string oru = segments(R"(MSH|^~\&|PACS|HOSP|RIS|HOSP|20260301||ORU^R01^ORU_R01|88|P|2.5.1
PID|||P8
OBR|1||F8|CT^CT^L||||||||||||||A8
OBX|1|ST|113014^DICOM Study^DCM||1.2.276.0.81||||||O
OBX|2|HD|110180^Study Instance UID^DCM||RIS^1.2.276.0.82^ISO||||||F
OBX|3|RP|X^Y^L^113014^DICOM Study^DCM||1.2.276.0.83^RIS^Application^DICOM||||||F
OBX|4|TX|18782-3^Study Report^LN||The UID 1.2.276.0.9 is in the text only||||||F
OBX|5|ST|113014^DICOM Study^99X||1.2.276.0.10||||||F
)");

std::string with_segments(const std::string& text) {
  return segments("MSH|^~\\&|||||||ORM^O01|1|P|2.5\n" + text);
}

TEST(Hl7Message, NamesWhatItIsAbout) {
  struct Case {
    const char* name;
    std::string bytes;
    Strings study_uids;
    Strings accession_numbers;
  };
  const Case cases[] = {
      {"ORM with ZDS", orm, {"1.2.840.113619.2.55"}, {"A1234"}},
      {"OMI with IPC", omi, {"1.2.276.0.7", "1.2.276.0.8"}, {"ACC7", "ACC8"}},
      {"ORU with OBX", oru, {"1.2.276.0.81", "1.2.276.0.82", "1.2.276.0.83"}, {"A8"}},
      {"filler order numbers stand in",
       with_segments("ORC|SC|P1|F1^RIS\nOBR|1|P1|F1\nOBR|2|P1|F2"),
       {},
       {"F1", "F2"}},
      {"but not beside an accession number", with_segments("ORC|SC|P1|F1\nIPC|A1"), {}, {"A1"}},
      {"neither", with_segments("EVN|A01\nPID|||P1"), {}, {}},
      {"repetitions", with_segments("ZDS|1.2.3^RIS~1.2.4~1.2.3"), {"1.2.3", "1.2.4"}, {}},
      {"spaces around", with_segments("ZDS| 1.2.3 ^RIS\nIPC|  A 1 "), {"1.2.3"}, {"A 1"}},
      {"subcomponents", with_segments("ZDS|1.2.3&RIS\nIPC|A1&X"), {"1.2.3"}, {"A1"}},
      {"no UIDs",
       with_segments("ZDS|1.2.3x\nZDS|.1\nZDS|" + std::string(65, '1') + "\nZDS|\"\""),
       {},
       {}},
      {"no accession numbers",
       with_segments("IPC|A*\nIPC|A?\nIPC|A\\E\\1\nIPC|\"\"\nIPC|Ä1\nIPC|" + std::string(65, 'A')),
       {},
       {}},
      {"what is no segment",
       with_segments("wrapped text|ZDS|1.2.3\n\nZD|1.2.3\nZDS\nOBX|1\nIPC||"),
       {},
       {}},
  };
  for (const Case& one : cases) {
    const auto message = parse_message(one.bytes, {});
    ASSERT_TRUE(message) << one.name;
    EXPECT_EQ(message->study_uids, one.study_uids) << one.name;
    EXPECT_EQ(message->accession_numbers, one.accession_numbers) << one.name;
  }
}

TEST(Hl7Message, HasAHeader) {
  const auto header = read_header(omi);
  ASSERT_TRUE(header);
  EXPECT_EQ(header->sending_application, "OF");
  EXPECT_EQ(header->sending_facility, "HOSP^1.2.3^ISO");
  EXPECT_EQ(header->receiving_application, "IM");
  EXPECT_EQ(header->receiving_facility, "RAD");
  EXPECT_EQ(header->type, "OMI");
  EXPECT_EQ(header->trigger, "O23");
  EXPECT_EQ(header->control_id, "77");
  EXPECT_EQ(header->processing_id, "P");
  EXPECT_EQ(header->version, "2.5.1");
}

TEST(Hl7Message, SegmentsMayEndWithLineFeeds) {
  for (const std::string& message : {orm, omi, oru}) {
    const auto expected = parse_message(message, {});
    for (const char* end : {"\n", "\r\n"}) {
      std::string text = end;
      for (const char c : message) text += c == '\r' ? end : std::string(1, c);
      const auto other = parse_message(text, {});
      ASSERT_TRUE(other);
      EXPECT_EQ(other->study_uids, expected->study_uids);
      EXPECT_EQ(other->accession_numbers, expected->accession_numbers);
      EXPECT_EQ(other->header.version, expected->header.version);
    }
  }
}

TEST(Hl7Message, ChoosesItsSeparators) {
  const auto message = parse_message(
      segments(
          "MSH#*!%$#RIS#H###1##ORM*O01#5#P#2.3\nZDS#1.2.3*RIS!1.2.4$X\nIPC#A|1^2%S%3%F%4%T%5\n"),
      {});
  ASSERT_TRUE(message);
  EXPECT_EQ(message->header.trigger, "O01");
  EXPECT_THAT(message->study_uids, ElementsAre("1.2.3", "1.2.4"));
  EXPECT_THAT(message->accession_numbers, ElementsAre());  // since * asks for anything
  EXPECT_THAT(parse_message(segments("MSH#*!%$#######ORM#5\nIPC#A|1^2%R%3%F%4%T%5%E%6\n"), {})
                  ->accession_numbers,
              ElementsAre("A|1^2!3#4$5%6"));
  // MSH-2 may leave out escape and subcomponent.
  EXPECT_THAT(
      parse_message(segments("MSH|^~|||||||ORM|5\nIPC|A&\\1\nIPC|A&1^X\n"), {})->accession_numbers,
      ElementsAre("A&1"));
}

TEST(Hl7Message, UndoesEscapeSequences) {
  EXPECT_THAT(parse_message(with_segments("IPC|A\\F\\1\\S\\2\\T\\3\\R\\4"), {})->accession_numbers,
              ElementsAre("A|1^2&3~4"));
  // None of those: they stay, and a backslash is in no accession number.
  for (const char* text : {"A\\H\\1", "A\\F", "A\\", "\\X41\\", "\\E\\"}) {
    EXPECT_THAT(parse_message(with_segments(std::string("IPC|") + text), {})->accession_numbers,
                ElementsAre())
        << text;
  }
}

TEST(Hl7Message, IsRefusedWithAReason) {
  struct Case {
    std::string bytes;
    const char* reason;
  };
  const Case cases[] = {
      {"", "MSH"},
      {"GET / HTTP/1.1\r\n\r\n", "MSH"},
      {"MSH", "MSH"},
      {"MSH|", "MSH"},
      {"MSH|^", "MSH"},
      {"MSH|||||||||ORM^O01|1", "MSH"},
      {"MSHA^~\\&ARISA", "MSH"},
      {"MSH|abcd|RIS", "MSH"},
      {"MSH \x01\x02|RIS", "MSH"},
      {"PID|||1\rMSH|^~\\&|||||||ORM|1", "MSH"},
      {"MSH|^~\\&|" + std::string(5'000, 'x') + "||||||ORM^O01|1", "MSH"},
      {"MSH|^~\\&|RIS|||||||1|P|2.3", "MSH-9"},
      {"MSH|^~\\&|RIS||||||ORM^O01||P|2.3", "MSH-10"},
  };
  for (const auto& [bytes, reason] : cases) {
    const auto message = parse_message(bytes, {});
    ASSERT_FALSE(message) << bytes;
    EXPECT_EQ(message.error().kind, ProblemKind::invalid);
    EXPECT_THAT(message.error().issues[0].diagnostics, HasSubstr(reason)) << bytes;
  }
}

TEST(Hl7Message, MayBeCutOffAnywhere) {
  for (const std::string& whole : {orm, omi, oru}) {
    const auto all = parse_message(whole, {});
    std::size_t read = 0;
    for (std::size_t size = 0; size < whole.size(); ++size) {
      // On the heap and of just that size, so that a sanitizer sees its end.
      const std::vector<char> cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
      const auto message = parse_message({cut.data(), cut.size()}, {});
      if (!message) continue;
      ++read;
      // The last one may be part of a UID.
      EXPECT_LE(message->study_uids.size(), all->study_uids.size() + 1) << size;
    }
    EXPECT_GT(read, whole.size() / 2);
  }
}

TEST(Hl7Message, NamesSoManyOnly) {
  std::string text;
  for (int i = 0; i < 300; ++i) {
    const std::string number = std::to_string(i);
    text += "ZDS|1.2." + number + "\nORC|SC||F" + number + "\n";
  }
  const auto message = parse_message(with_segments(text), {});
  EXPECT_EQ(message->study_uids.size(), 100U);
  EXPECT_EQ(message->accession_numbers.size(), 0U);
  const auto few =
      parse_message(with_segments("ZDS|1.2.3\nIPC|A\nIPC|B\nIPC|C"), Limits{.hl7_names_max = 3});
  EXPECT_THAT(few->study_uids, ElementsAre("1.2.3"));
  EXPECT_THAT(few->accession_numbers, ElementsAre("A", "B"));
}

TEST(Hl7Message, IsAcknowledged) {
  constexpr std::int64_t time_ms = 1'772'353'805'999;  // 2026-03-01T08:30:05Z
  EXPECT_EQ(acknowledgement(*read_header(omi), AckCode::accepted, "", time_ms),
            segments("MSH|^~\\&|IM|RAD|OF|HOSP^1.2.3^ISO|20260301083005+0000||ACK^O23|77|P|2.5.1\n"
                     "MSA|AA|77\n"));
  EXPECT_EQ(acknowledgement(*read_header("MSH#*!%$#RIS#H###1##ORM#5#P#2.3"), AckCode::error,
                            "a*b!c%d$e#f\rg|h", time_ms),
            segments("MSH#*!%$###RIS#H#20260301083005+0000##ACK#5#P#2.3\n"
                     "MSA#AE#5#a%S%b%R%c%E%d%T%e%F%f g|h\n"));
  // Without an escape character what would be a separator is left out.
  EXPECT_EQ(
      acknowledgement(*read_header("MSH|^~|||||||ORM^O01|5"), AckCode::rejected, "a^b|c", time_ms),
      segments("MSH|^~|||||20260301083005+0000||ACK^O01|5||\nMSA|AR|5|abc\n"));
}

}  // namespace
}  // namespace lightbox::hl7
