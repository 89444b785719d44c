#pragma once

// Reads the header of one DICOM object: all elements of its data set but the bytes of bulk data
// (PS3.10 7, PS3.5 7 and annex A). Never loads pixel data. It reads
//   - Part 10 files, with and without preamble and with and without file meta information,
//   - implicit and explicit VR little endian, explicit big endian, deflated, and encapsulated data
//     sets of any transfer syntax, also one that is not known: it is taken for explicit little
//     endian,
//   - what is out there: odd lengths, undefined lengths of UN, VRs that the dictionary contradicts,
//     explicit data sets that are implicit and the other way round, trailing padding.
// Anything that is not understood is a Problem, never a guess: kind `invalid`, the diagnostics
// naming the byte offset, the tag and what would be right; past a limit `too_large`, naming the
// limit.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/file.h"
#include "base/limits.h"
#include "base/result.h"
#include "dicom/data_set.h"

namespace lightbox::dicom {

// The bytes of an object, wherever they lie. Belongs to one thread at a time.
class Source {
 public:
  virtual ~Source() = default;
  [[nodiscard]] virtual std::uint64_t size() const = 0;
  // All of `out`, from `offset`; `invalid` past the end, `internal` when the disk fails.
  virtual Result<void> read(std::uint64_t offset, std::span<char> out) = 0;
  // Of a file whose bytes are the object's own, so that the kernel can send them itself; else -1.
  [[nodiscard]] virtual int descriptor() const { return -1; }
};

// A view of bytes that the caller keeps.
class MemorySource : public Source {
 public:
  explicit MemorySource(std::string_view bytes) : bytes_(bytes) {}
  [[nodiscard]] std::uint64_t size() const override { return bytes_.size(); }
  Result<void> read(std::uint64_t offset, std::span<char> out) override;

 private:
  std::string_view bytes_;
};

class OwnedSource : public Source {
 public:
  explicit OwnedSource(std::string bytes) : bytes_(std::move(bytes)) {}
  [[nodiscard]] std::uint64_t size() const override { return bytes_.size(); }
  Result<void> read(std::uint64_t offset, std::span<char> out) override {
    return MemorySource(bytes_).read(offset, out);
  }

 private:
  std::string bytes_;
};

// A file, read by pread(2). It may shrink meanwhile: then `invalid`.
class FileSource : public Source {
 public:
  // It closes what it opens. not_found; unavailable.
  static Result<std::unique_ptr<Source>> open(const std::string& path);
  // It closes what it is given, an open file. internal.
  static Result<std::unique_ptr<Source>> own(Descriptor descriptor);
  // A view of a file that the caller keeps open.
  static Result<FileSource> of(int descriptor);
  [[nodiscard]] std::uint64_t size() const override { return size_; }
  Result<void> read(std::uint64_t offset, std::span<char> out) override;
  [[nodiscard]] int descriptor() const override { return descriptor_; }

 private:
  FileSource(int descriptor, std::uint64_t size) : descriptor_(descriptor), size_(size) {}
  Descriptor owned_;
  int descriptor_;
  std::uint64_t size_;
};

// One object's header. Owns the bytes that the data sets view; movable, not copyable.
class Part10 {
 public:
  // `transfer_syntax` is what is known otherwise of a bare data set (an association's presentation
  // context); "" when there must be file meta information, or implicit little endian is guessed for
  // a data set that begins with a plausible group 0008 element.
  static Result<Part10> read(Source& source, const Limits& limits,
                             std::string_view transfer_syntax = {});
  Part10(Part10&&) noexcept;
  Part10& operator=(Part10&&) noexcept;
  ~Part10();

  [[nodiscard]] const DataSet& meta() const;      // group 0002; empty for a bare data set
  [[nodiscard]] const DataSet& data_set() const;  // without group 0002
  [[nodiscard]] const std::string& transfer_syntax() const;
  // Where the data set begins: after preamble and file meta information.
  [[nodiscard]] std::uint64_t data_set_offset() const;
  // What was put right silently, for the list of problems ("(0028,0010) has an odd length"). Never
  // more than a few.
  [[nodiscard]] const std::vector<std::string>& remarks() const;

 private:
  struct Impl;
  explicit Part10(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// Preamble, "DICM" and file meta information (PS3.10 7.1) for a data set that arrives without. The
// version and implementation are Lightbox's.
struct FileMeta {
  std::string_view sop_class_uid;
  std::string_view sop_instance_uid;
  std::string_view transfer_syntax;
  std::string_view source_ae_title;  // may be empty
};
[[nodiscard]] std::string file_meta_of(const FileMeta& meta);

// Digits and dots, at most 64, no empty or zero-padded component (PS3.5 9.1). Archives hold UIDs
// that break the rule of leading zeros; those are accepted with `lenient`.
enum class UidRule : std::uint8_t { strict, lenient };
[[nodiscard]] bool is_uid(std::string_view text, UidRule rule);

}  // namespace lightbox::dicom
