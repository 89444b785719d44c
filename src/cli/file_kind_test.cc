#include "cli/file_kind.h"

#include <gtest/gtest.h>
#include <string>

namespace lightbox::cli {
namespace {

using namespace std::string_literals;

std::string part10(const std::string& meta) { return std::string(128, '\0') + "DICM" + meta; }

TEST(FileKindTest, FirstBytesSayWhatAFileIs) {
  struct Case {
    const char* name;
    std::string bytes;
    FileKind kind;
  };
  const std::string media =
      "\2\0\2\0UI\x16\0"
      "1.2.840.10008.1.3.10\0\0"s;
  const std::string image =
      "\2\0\2\0UI\x1a\0"
      "1.2.840.10008.5.1.4.1.1.2\0"s;
  for (const Case& one : {
           Case{"Part 10", part10(image), FileKind::dicom},
           Case{"DICOMDIR", part10(media), FileKind::media_directory},
           Case{"DICOMDIR without preamble", media, FileKind::media_directory},
           Case{"meta information without preamble", "\2\0\0\0UL\4\0\x80\0\0\0"s, FileKind::dicom},
           Case{"explicit little endian", "\x08\0\x05\0CS\x0a\0ISO_IR 100"s, FileKind::dicom},
           Case{"implicit little endian", "\x08\0\x08\0\x16\0\0\0ORIGINAL"s, FileKind::dicom},
           Case{"ACR-NEMA's group length", "\x08\0\0\0\4\0\0\0\x60\0\0\0"s, FileKind::dicom},
           Case{"explicit big endian",
                "\0\x08\0\x05"
                "CS\0\x0aISO_IR 100"s,
                FileKind::dicom},
           Case{"zip", "PK\3\4\x14\0\0\0\x08\0"s, FileKind::archive},
           Case{"gzip", "\x1f\x8b\x08\0"s, FileKind::archive},
           Case{"tar", std::string(257, 'a') + "ustar\0"s + "00", FileKind::archive},
           Case{"empty", "", FileKind::other},
           Case{"text", "Dear colleague, thank you for", FileKind::other},
           Case{"JPEG", "\xff\xd8\xff\xe0\0\x10JFIF\0"s, FileKind::other},
           Case{"zeros", std::string(512, '\0'), FileKind::other},
           Case{"a preamble only", std::string(132, '\0'), FileKind::other},
           Case{"a number of 64 bits", "\x08\0\0\0\0\0\0\0\0\0"s, FileKind::other},
           Case{"small numbers", "\x08\0\0\0\0\0\x01\0\0\0"s, FileKind::other},
       }) {
    EXPECT_EQ(kind_of(one.bytes), one.kind) << one.name;
  }
}

TEST(FileKindTest, ArchivesAreKnownByTheirNamesToo) {
  for (const char* name : {"a.zip", "x/A.ZIP", "a.tar", "a.tar.gz", "a.tgz", "a.tar.zst"}) {
    EXPECT_TRUE(is_archive_name(name)) << name;
  }
  for (const char* name : {"a.gz", "zip", "a.zip/b", "a.dcm", ""}) {
    EXPECT_FALSE(is_archive_name(name)) << name;
  }
}

}  // namespace
}  // namespace lightbox::cli
