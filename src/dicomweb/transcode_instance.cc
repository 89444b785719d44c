#include "dicomweb/transcode_instance.h"

#include <array>
#include <chrono>
#include <fmt/format.h>

#include "base/spool.h"
#include "dicomweb/media_types.h"
#include "dicomweb/transcode.h"

namespace lightbox::dicomweb {
namespace {

// Others have their turn in the lane after this.
constexpr std::chrono::milliseconds turn(50);
constexpr std::string_view item("\xFE\xFF\x00\xE0", 4);
constexpr std::string_view sequence_delimitation("\xFE\xFF\xDD\xE0\0\0\0\0", 8);
constexpr std::uint64_t value_bytes_max = 0xFFFFFFFE;

class SpoolSource final : public dicom::Source {
 public:
  explicit SpoolSource(Spool spool) : spool_(std::move(spool)) {}
  [[nodiscard]] std::uint64_t size() const override { return spool_.size(); }
  Result<void> read(std::uint64_t offset, std::span<char> out) override {
    std::size_t done = 0;
    while (done < out.size()) {
      TRY(const std::size_t count,
          spool_.read(offset + done, out.data() + done, out.size() - done));
      if (count == 0) return problem(ProblemKind::internal, "The transcoded instance is too short");
      done += count;
    }
    return {};
  }

 private:
  Spool spool_;
};

class Transcoding {
 public:
  Transcoding(Api& api, StoredObject& object, std::string transfer_syntax)
      : api_(api),
        object_(object),
        transfer_syntax_(std::move(transfer_syntax)),
        is_native_(transfer_syntax_ == explicit_little_endian),
        spool_(api.archive().options().data_directory, api.limits().dicom_memory_bytes_max) {}

  // Some of it; whether it is complete.
  Result<bool> go_on() {
    const auto ends = std::chrono::steady_clock::now() + turn;
    if (!transcoder_) TRY_DO(begin());
    while (at_ < count_) {
      TRY(const auto frame, transcoder_->frame(at_));
      TRY_DO(append(frame));
      if (++at_ < count_ && std::chrono::steady_clock::now() > ends) return false;
    }
    if (!is_native_) TRY_DO(spool_.append(sequence_delimitation));
    if (is_native_ && native_bytes_ % 2 != 0) TRY_DO(spool_.append(std::string_view("\0", 1)));
    TRY_DO(append(around_.after));
    return true;
  }

  InstanceSegments take() {
    const std::uint64_t size = spool_.size();
    return {.source = std::make_unique<SpoolSource>(std::move(spool_)),
            .segments = {{.offset = 0, .length = size}}};
  }

 private:
  // What the first frame becomes says what the attributes will be.
  Result<void> begin() {
    TRY(transcoder_, Transcoder::open(object_, transfer_syntax_, api_.limits()));
    count_ = object_.pixel_data()->frame_count;
    TRY(const auto first, transcoder_->frame(0));
    dicom::NewPixelData form;
    form.transfer_syntax = transfer_syntax_;
    form.photometric_interpretation = first.photometric_interpretation;
    if (is_native_) {
      native_bytes_ = std::uint64_t{first.bytes.size()} * count_;
      if (native_bytes_ > value_bytes_max) {
        return problem(ProblemKind::unprocessable,
                       "The pixel data is longer than 4 GiB when it is not compressed");
      }
      form.length = native_bytes_ + native_bytes_ % 2;
      form.vr = transcoder_->pixel().bits_allocated > 8 ? dicom::Vr::OW : dicom::Vr::OB;
    } else if (is_lossy(transfer_syntax_)) {
      form.is_lossy = true;
      form.lossy_ratio = fmt::format(
          "{:.4g}", static_cast<double>(transcoder_->pixel().frame_bytes()) /
                        static_cast<double>(std::max<std::size_t>(first.bytes.size(), 1)));
    }
    TRY(around_, dicom::around_pixel_data(transcoder_->part10(), form));
    TRY_DO(append(around_.before));
    if (!is_native_) {  // an empty Basic Offset Table
      TRY_DO(append_item({}));
    }
    TRY_DO(append(first));
    at_ = 1;
    return {};
  }

  Result<void> append(const dicom::EncodedFrame& frame) {
    return is_native_ ? spool_.append(frame.bytes) : append_item(frame.bytes);
  }

  Result<void> append_item(std::string_view bytes) {
    const auto length = static_cast<std::uint32_t>(bytes.size() + bytes.size() % 2);
    std::string header(item);
    for (unsigned shift = 0; shift < 32; shift += 8) header += static_cast<char>(length >> shift);
    TRY_DO(spool_.append(header));
    TRY_DO(spool_.append(bytes));
    if (bytes.size() % 2 != 0) TRY_DO(spool_.append(std::string_view("\0", 1)));
    return {};
  }

  Result<void> append(const dicom::Segments& segments) {
    std::string block;
    for (const dicom::Segment& segment : segments) {
      if (!segment.is_range()) {
        TRY_DO(spool_.append(segment.bytes));
        continue;
      }
      for (std::uint64_t at = 0; at < segment.length; at += block.size()) {
        block.resize(std::min<std::uint64_t>(256 * 1024, segment.length - at));
        TRY_DO(dicom::read_range(object_.source(), segment, at, block));
        TRY_DO(spool_.append(block));
      }
    }
    return {};
  }

  Api& api_;
  StoredObject& object_;
  std::string transfer_syntax_;
  bool is_native_;
  Spool spool_;
  std::optional<Transcoder> transcoder_;
  dicom::AroundPixelData around_;
  std::uint32_t count_ = 0;
  std::uint32_t at_ = 0;
  std::uint64_t native_bytes_ = 0;
};

}  // namespace

boost::asio::awaitable<Result<InstanceSegments>> transcode_instance(Api& api, StoredObject& object,
                                                                    std::string transfer_syntax) {
  Transcoding transcoding(api, object, std::move(transfer_syntax));
  while (true) {
    std::function<Result<bool>()> work = [&transcoding] { return transcoding.go_on(); };
    auto pending = api.pixel_lane().run<bool>(std::move(work));
    const auto is_complete = co_await std::move(pending);
    if (!is_complete) co_return is_complete.error();
    if (*is_complete) co_return transcoding.take();
  }
}

}  // namespace lightbox::dicomweb
