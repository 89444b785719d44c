#include <algorithm>
#include <cstring>
#include <fmt/format.h>
#include <memory>
#include <openjpeg.h>
#include <vector>

#include "dicom/codecs.h"

namespace lightbox::dicom {
namespace {

// Codecs and streams are the same type, void*, to the compiler.
template <auto destroy>
struct Destroy {
  template <typename T>
  void operator()(T* object) const {
    destroy(object);
  }
};
using Codec = std::unique_ptr<opj_codec_t, Destroy<opj_destroy_codec>>;
using Stream = std::unique_ptr<opj_stream_t, Destroy<opj_stream_destroy>>;
using Image = std::unique_ptr<opj_image_t, Destroy<opj_image_destroy>>;

// What OpenJPEG reads, as its stream sees it.
struct Reading {
  std::string_view bytes;
  std::size_t at = 0;

  static OPJ_SIZE_T read(void* out, OPJ_SIZE_T count, void* self) {
    auto& reading = *static_cast<Reading*>(self);
    const std::size_t got = std::min<std::size_t>(count, reading.bytes.size() - reading.at);
    if (got == 0) return static_cast<OPJ_SIZE_T>(-1);
    std::memcpy(out, reading.bytes.data() + reading.at, got);
    reading.at += got;
    return got;
  }
  static OPJ_OFF_T skip(OPJ_OFF_T count, void* self) {
    auto& reading = *static_cast<Reading*>(self);
    if (count < 0) return -1;
    const std::size_t left = reading.bytes.size() - reading.at;
    if (left == 0) return -1;
    const auto skipped = std::min<std::size_t>(static_cast<std::size_t>(count), left);
    reading.at += skipped;
    return static_cast<OPJ_OFF_T>(skipped);
  }
  static OPJ_BOOL seek(OPJ_OFF_T to, void* self) {
    auto& reading = *static_cast<Reading*>(self);
    if (to < 0 || static_cast<std::size_t>(to) > reading.bytes.size()) return OPJ_FALSE;
    reading.at = static_cast<std::size_t>(to);
    return OPJ_TRUE;
  }
};

struct Writing {
  std::string bytes;
  std::size_t at = 0;

  static OPJ_SIZE_T write(void* in, OPJ_SIZE_T count, void* self) {
    auto& writing = *static_cast<Writing*>(self);
    if (writing.bytes.size() < writing.at + count) writing.bytes.resize(writing.at + count);
    std::memcpy(writing.bytes.data() + writing.at, in, count);
    writing.at += count;
    return count;
  }
  static OPJ_OFF_T skip(OPJ_OFF_T count, void* self) {
    static_cast<Writing*>(self)->at += static_cast<std::size_t>(count);
    return count;
  }
  static OPJ_BOOL seek(OPJ_OFF_T to, void* self) {
    static_cast<Writing*>(self)->at = static_cast<std::size_t>(to);
    return OPJ_TRUE;
  }
};

void keep_first(const char* message, void* text) {
  auto& kept = *static_cast<std::string*>(text);
  if (!kept.empty()) return;
  kept = message;
  while (!kept.empty() && kept.back() == '\n') kept.pop_back();
}

Problem damaged(std::string_view what) {
  return problem(ProblemKind::unprocessable,
                 fmt::format("The JPEG 2000 code stream cannot be decoded: {}",
                             what.empty() ? "it is damaged" : what));
}

// What it says of itself must be what the attributes say: they decide how much memory it may take.
Result<void> check(const opj_image_t& image, const ImagePixel& pixel) {
  if (image.numcomps < pixel.samples_per_pixel) {
    return damaged(fmt::format("it has {} components, Samples per Pixel is {}", image.numcomps,
                               pixel.samples_per_pixel));
  }
  if (image.x1 - image.x0 != pixel.columns || image.y1 - image.y0 != pixel.rows) {
    return damaged(fmt::format("it has {} by {} pixels, the attributes say {} by {}",
                               image.x1 - image.x0, image.y1 - image.y0, pixel.columns,
                               pixel.rows));
  }
  for (unsigned i = 0; i < image.numcomps; ++i) {
    if (image.comps[i].prec > 32 || image.comps[i].dx == 0 || image.comps[i].dy == 0) {
      return damaged("a component is impossible");
    }
  }
  return {};
}

void put(std::int32_t value, std::size_t bytes, char* out) {
  for (std::size_t i = 0; i < bytes; ++i) {
    out[i] = static_cast<char>(static_cast<std::uint32_t>(value) >> (8 * i));
  }
}

// Components that are coarser than the picture are stretched.
Result<FrameSamples> samples_of(const opj_image_t& image, const ImagePixel& pixel) {
  FrameSamples frame{.pixel = pixel, .bytes = {}};
  frame.pixel.columns = image.comps[0].w;
  frame.pixel.rows = image.comps[0].h;
  for (unsigned c = 0; c < pixel.samples_per_pixel; ++c) {
    const opj_image_comp_t& component = image.comps[c];
    if (component.data == nullptr || component.w == 0 || component.h == 0) return damaged("");
    frame.pixel.columns = std::max(frame.pixel.columns, component.w);
    frame.pixel.rows = std::max(frame.pixel.rows, component.h);
  }
  frame.pixel.is_planar = false;
  if (pixel.photometric_interpretation == "YBR_RCT" ||
      pixel.photometric_interpretation == "YBR_ICT") {
    frame.pixel.photometric_interpretation = "RGB";
  }
  const std::size_t unit = pixel.bits_allocated / 8;
  const std::size_t step = unit * pixel.samples_per_pixel;
  frame.bytes.resize(frame.pixel.pixels() * step);
  for (unsigned c = 0; c < pixel.samples_per_pixel; ++c) {
    const opj_image_comp_t& component = image.comps[c];
    char* out = frame.bytes.data() + c * unit;
    for (std::uint32_t y = 0; y < frame.pixel.rows; ++y) {
      const std::size_t from_y = std::size_t{y} * component.h / frame.pixel.rows;
      const OPJ_INT32* line = component.data + from_y * component.w;
      for (std::uint32_t x = 0; x < frame.pixel.columns; ++x, out += step) {
        put(line[std::size_t{x} * component.w / frame.pixel.columns], unit, out);
      }
    }
  }
  return frame;
}

std::int32_t value_at(const FrameSamples& frame, std::size_t index) {
  const ImagePixel& pixel = frame.pixel;
  if (pixel.bits_allocated == 8) {
    const char byte = frame.bytes[index];
    return pixel.is_signed ? static_cast<signed char>(byte) : static_cast<unsigned char>(byte);
  }
  std::uint16_t number = 0;
  std::memcpy(&number, frame.bytes.data() + index * 2, 2);
  return pixel.is_signed ? static_cast<std::int16_t>(number) : number;
}

Result<void> fill(opj_image_t& image, const FrameSamples& frame) {
  const ImagePixel& pixel = frame.pixel;
  const std::int32_t most = pixel.is_signed
                                ? (1 << (pixel.bits_stored - 1)) - 1
                                : static_cast<std::int32_t>((1U << pixel.bits_stored) - 1);
  const std::int32_t least = pixel.is_signed ? -most - 1 : 0;
  const std::size_t pixels = pixel.pixels();
  for (std::size_t c = 0; c < pixel.samples_per_pixel; ++c) {
    for (std::size_t i = 0; i < pixels; ++i) {
      const std::int32_t value =
          value_at(frame, pixel.is_planar ? c * pixels + i : i * pixel.samples_per_pixel + c);
      if (value < least || value > most) {
        return problem(ProblemKind::not_supported,
                       "Samples with more bits than Bits Stored cannot be written as JPEG 2000");
      }
      image.comps[c].data[i] = value;
    }
  }
  return {};
}

}  // namespace

Result<FrameSamples> decode_jpeg_2000(std::string_view bytes, const ImagePixel& pixel,
                                      const DecodeOptions& options) {
  using namespace std::string_view_literals;
  if (pixel.bits_allocated < 8) return damaged("Bits Allocated must be 8 at least");
  std::string message;
  const bool is_file = bytes.starts_with("\0\0\0\x0CjP  "sv);  // JP2's signature box
  const Codec codec(opj_create_decompress(is_file ? OPJ_CODEC_JP2 : OPJ_CODEC_J2K));
  opj_set_error_handler(codec.get(), keep_first, &message);
  opj_dparameters_t parameters;
  opj_set_default_decoder_parameters(&parameters);
  for (std::uint32_t factor = reduction(pixel, options); factor > 1; factor /= 2) {
    ++parameters.cp_reduce;
  }
  Reading reading{.bytes = bytes};
  const auto open = [&] {
    Stream stream(opj_stream_create(64 * 1024, OPJ_TRUE));
    opj_stream_set_user_data(stream.get(), &reading, nullptr);
    opj_stream_set_user_data_length(stream.get(), bytes.size());
    opj_stream_set_read_function(stream.get(), Reading::read);
    opj_stream_set_skip_function(stream.get(), Reading::skip);
    opj_stream_set_seek_function(stream.get(), Reading::seek);
    return stream;
  };
  const auto stream = open();
  opj_image_t* header = nullptr;
  if (!opj_setup_decoder(codec.get(), &parameters) ||
      !opj_read_header(stream.get(), codec.get(), &header)) {
    // A picture of fewer resolutions than are to be left out.
    if (parameters.cp_reduce > 0) return decode_jpeg_2000(bytes, pixel, {});
    return damaged(message);
  }
  const Image image(header);
  TRY_DO(check(*image, pixel));
  if (!opj_decode(codec.get(), stream.get(), image.get()) ||
      !opj_end_decompress(codec.get(), stream.get())) {
    return damaged(message);
  }
  return samples_of(*image, pixel);
}

Result<EncodedFrame> encode_jpeg_2000(const FrameSamples& frame) {
  const ImagePixel& pixel = frame.pixel;
  if (pixel.is_float || pixel.bits_allocated > 16 || pixel.bits_allocated < 8 ||
      pixel.high_bit != pixel.bits_stored - 1 || pixel.is_subsampled()) {
    return problem(ProblemKind::not_supported, "Such samples cannot be written as JPEG 2000");
  }
  opj_cparameters_t parameters;
  opj_set_default_encoder_parameters(&parameters);
  parameters.tcp_numlayers = 1;
  parameters.cp_disto_alloc = 1;
  parameters.irreversible = 0;
  while (parameters.numresolution > 1 &&
         std::min(pixel.rows, pixel.columns) >> (parameters.numresolution - 1) == 0) {
    --parameters.numresolution;
  }
  const bool is_rgb = pixel.samples_per_pixel == 3 && pixel.photometric_interpretation == "RGB";
  parameters.tcp_mct = is_rgb ? 1 : 0;
  std::vector<opj_image_cmptparm_t> components(pixel.samples_per_pixel);
  for (auto& component : components) {
    component = {};
    component.dx = component.dy = 1;
    component.w = pixel.columns;
    component.h = pixel.rows;
    component.prec = pixel.bits_stored;
    component.sgnd = pixel.is_signed ? 1 : 0;
  }
  const Image image(
      opj_image_create(pixel.samples_per_pixel, components.data(),
                       pixel.samples_per_pixel == 1 ? OPJ_CLRSPC_GRAY : OPJ_CLRSPC_SRGB));
  if (!image) return problem(ProblemKind::unavailable, "no memory to encode the frame");
  image->x1 = pixel.columns;
  image->y1 = pixel.rows;
  TRY_DO(fill(*image, frame));
  std::string message;
  const Codec codec(opj_create_compress(OPJ_CODEC_J2K));
  opj_set_error_handler(codec.get(), keep_first, &message);
  Writing writing;
  const Stream stream(opj_stream_create(64 * 1024, OPJ_FALSE));
  opj_stream_set_user_data(stream.get(), &writing, nullptr);
  opj_stream_set_write_function(stream.get(), Writing::write);
  opj_stream_set_skip_function(stream.get(), Writing::skip);
  opj_stream_set_seek_function(stream.get(), Writing::seek);
  if (!opj_setup_encoder(codec.get(), &parameters, image.get()) ||
      !opj_start_compress(codec.get(), image.get(), stream.get()) ||
      !opj_encode(codec.get(), stream.get()) || !opj_end_compress(codec.get(), stream.get())) {
    return problem(ProblemKind::not_supported,
                   "The frame cannot be written as JPEG 2000: " + message);
  }
  return EncodedFrame{std::move(writing.bytes),
                      is_rgb ? "YBR_RCT" : pixel.photometric_interpretation};
}

}  // namespace lightbox::dicom
