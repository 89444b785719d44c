#pragma once

// Reads data sets from an Input (PS3.5 7 and annex A): what Part10::read is made of. Used by one
// thread.

#include <cstdint>
#include <limits>
#include <string>

#include "base/limits.h"
#include "base/result.h"
#include "dicom/data_set.h"
#include "dicom/encoding.h"
#include "dicom/input.h"
#include "dicom/remarks.h"

namespace lightbox::dicom {

// The values of elements view what `input` keeps.
class Reader {
 public:
  Reader(Input& input, const Limits& limits, Remarks& remarks)
      : input_(input), limits_(limits), remarks_(remarks) {}

  // File meta information: the elements of group 0002 that follow (PS3.10 7.1).
  Result<DataSet> read_meta();
  // A data set up to the input's end; of a deflated one, up to its pixel data.
  Result<DataSet> read_data_set(Encoding encoding);

 private:
  static constexpr std::uint64_t no_end = std::numeric_limits<std::uint64_t>::max();

  struct Header {
    Tag tag = 0;
    Vr vr = Vr::UN;
    std::uint32_t length = 0;
    std::uint64_t offset = 0;  // of the tag
  };
  // Where an element stands.
  struct Scope {
    Encoding encoding;
    std::uint64_t end = no_end;  // no element may pass it
    bool is_delimited = false;   // an item that ends with its delimitation item
    bool is_signed = false;      // Pixel Representation
    std::size_t depth = 0;       // sequences around it; 0: the data set itself
  };
  enum class Next : std::uint8_t { element, end };

  Result<void> read_elements(DataSet& data_set, Scope scope);
  // What follows is an element, or the data set's end, which is taken.
  Result<Next> next(const Scope& scope);
  Result<Next> next_of_object(const Scope& scope);
  Result<Next> read_zeros(std::uint64_t offset);
  Result<Header> read_header(const Scope& scope);
  Result<Header> read_unnamed_vr(const Scope& scope, Header header);
  Result<void> read_value(Element& element, const Header& header, const Scope& scope,
                          const DataSet& around);
  Result<void> read_kept(Element& element, const Header& header, const Scope& scope);
  Result<void> read_bulk(Element& element, const Header& header);
  Result<void> read_fragments(Element& element, const Header& header);
  Result<void> read_sequence(Element& element, const Header& header, const Scope& scope,
                             const DataSet& around);
  Result<void> read_item(Element& element, std::uint32_t length, Scope scope,
                         const DataSet& around);
  Result<void> count_element(std::uint64_t offset);
  Result<Vr> vr_of_unknown(const Header& header, const Scope& scope);
  [[nodiscard]] bool is_bulk(Tag tag, Vr vr, std::uint32_t length, const Scope& scope) const;
  void sort(DataSet& data_set);

  [[nodiscard]] Problem truncated(const Header& header, std::uint64_t missing) const;
  [[nodiscard]] Problem too_long(const Header& header, const Scope& scope) const;

  Input& input_;
  const Limits& limits_;
  Remarks& remarks_;
  std::uint64_t object_end_ = no_end;
  std::size_t element_count_ = 0;
  bool stops_at_pixel_data_ = false;
  bool is_stopped_ = false;
};

}  // namespace lightbox::dicom
