#include "dicom/input.h"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>

namespace lightbox::dicom {
namespace {

constexpr std::size_t read_ahead_least = 4 * 1024;
constexpr std::size_t read_ahead_first = 16 * 1024;
constexpr std::size_t read_ahead_most = 256 * 1024;

class StoredInput : public Input {
 public:
  StoredInput(Source& source, std::uint64_t offset, const Limits& limits)
      : Input(offset, limits.dicom_header_bytes_max), source_(source), size_(source.size()) {}

  [[nodiscard]] std::optional<std::uint64_t> left() const override {
    return size_ - std::min(size_, offset());
  }

 protected:
  Result<std::size_t> load(std::uint64_t offset, char* to, std::size_t, std::size_t room) override {
    const std::size_t count = std::min<std::uint64_t>(size_ - std::min(size_, offset), room);
    TRY_DO(source_.read(offset, {to, count}));
    return count;
  }
  Result<std::uint64_t> leave_out(std::uint64_t offset, std::uint64_t count) override {
    const std::uint64_t there = size_ - std::min(size_, offset);
    return count - std::min(there, count);
  }

 private:
  Source& source_;
  std::uint64_t size_;
};

}  // namespace

Input::Input(std::uint64_t offset, std::size_t bytes_max)
    : bytes_max_(bytes_max), read_ahead_(read_ahead_first), window_offset_(offset) {}

Result<std::uint64_t> Input::skip(std::uint64_t count) {
  if (count <= available()) {
    at_ += count;
    return 0;
  }
  const std::uint64_t beyond = count - available();
  const std::uint64_t from = offset() + available();
  TRY(const std::uint64_t missing, leave_out(from, beyond));
  window_offset_ = from + beyond;
  begin_ = at_ = end_;
  read_ahead_ = read_ahead_least;  // another may follow soon
  return missing;
}

void Input::stop_walking() {
  is_walking_ = false;
  if (walked_ == nullptr || begin_ != walked_.get()) return;
  // What is left of the window lies where the next walk writes: out of there.
  const std::size_t rest = available();
  auto chunk = std::make_unique_for_overwrite<char[]>(rest + 1);
  std::memcpy(chunk.get(), at_, rest);
  window_offset_ = offset();
  begin_ = at_ = chunk.get();
  end_ = begin_ + rest;
  bytes_ += rest;
  chunk_size_ = rest;
  has_kept_ = false;
  arena_.push_back(std::move(chunk));
}

// Room in the arena: the newest chunk again when nobody has a view of it. `replaced` is that chunk
// when it was too small.
Result<char*> Input::take_chunk(std::size_t size, std::unique_ptr<char[]>& replaced) {
  const bool may_replace = !has_kept_ && !arena_.empty();
  if (may_replace && chunk_size_ >= size) return arena_.back().get();
  if (may_replace) {
    replaced = std::move(arena_.back());
    arena_.pop_back();
    bytes_ -= chunk_size_;
  }
  if (size > bytes_max_ - std::min(bytes_max_, bytes_)) {
    return problem(ProblemKind::too_large,
                   fmt::format("byte {}: the header, without bulk data, is longer than {} bytes "
                               "(dicom_header_bytes_max)",
                               offset(), bytes_max_));
  }
  arena_.push_back(std::make_unique_for_overwrite<char[]>(size));
  bytes_ += size;
  chunk_size_ = size;
  return arena_.back().get();
}

// The next window: what is left of this one, and what follows.
Result<bool> Input::fill(std::size_t count) {
  const std::size_t rest = available();
  const std::uint64_t start = offset();
  std::size_t room = std::max(count, rest + (is_walking_ ? read_ahead_least : read_ahead_));
  if (const auto more = left())
    room = std::min<std::uint64_t>(room, std::max<std::uint64_t>(*more, 1));
  if (room < count) return false;
  std::unique_ptr<char[]> replaced;  // lives until what is left of it has moved
  char* to = nullptr;
  if (is_walking_) {
    if (walked_size_ < room) {
      replaced = std::move(walked_);
      walked_ = std::make_unique_for_overwrite<char[]>(room);
      walked_size_ = room;
    }
    to = walked_.get();
  } else {
    TRY(to, take_chunk(room, replaced));
    has_kept_ = false;
    read_ahead_ = std::min(read_ahead_ * 2, read_ahead_most);
  }
  if (rest > 0) std::memmove(to, at_, rest);
  window_offset_ = start;
  begin_ = at_ = to;
  end_ = to + rest;
  TRY(const std::size_t loaded, load(start + rest, end_, count - rest, room - rest));
  end_ += loaded;
  return available() >= count;
}

std::unique_ptr<Input> make_stored_input(Source& source, std::uint64_t offset,
                                         const Limits& limits) {
  return std::make_unique<StoredInput>(source, offset, limits);
}

}  // namespace lightbox::dicom
