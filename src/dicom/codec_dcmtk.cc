// JPEG of 12 and 16 bits and lossless, JPEG-LS and RLE: each frame goes through a data set of
// DCMTK's, which has the codecs.

#include <dcmtk/config/osconfig.h>
//
#include <dcmtk/dcmdata/dcdatset.h>
#include <dcmtk/dcmdata/dcdeftag.h>
#include <dcmtk/dcmdata/dcpixel.h>
#include <dcmtk/dcmdata/dcpixseq.h>
#include <dcmtk/dcmdata/dcpxitem.h>
#include <dcmtk/dcmdata/dcrledrg.h>
#include <dcmtk/dcmdata/dcrleerg.h>
#include <dcmtk/dcmdata/dcrlerp.h>
#include <dcmtk/dcmjpeg/djdecode.h>
#include <dcmtk/dcmjpeg/djencode.h>
#include <dcmtk/dcmjpeg/djrplol.h>
#include <dcmtk/dcmjpls/djdecode.h>
#include <dcmtk/dcmjpls/djencode.h>
#include <dcmtk/dcmjpls/djrparam.h>
#include <dcmtk/oflog/oflog.h>
//
#include <algorithm>
#include <memory>
#include <mutex>

#include "dicom/codecs.h"

namespace lightbox::dicom {
namespace {

constexpr std::string_view rle = "1.2.840.10008.1.2.5";

// DCMTK keeps its codecs in one list for the whole process.
void register_codecs() {
  static std::once_flag once;
  std::call_once(once, [] {
    OFLog::configure(OFLogger::OFF_LOG_LEVEL);  // what fails is said by its condition
    DJDecoderRegistration::registerCodecs(EDC_photometricInterpretation, EUC_never,
                                          EPC_colorByPixel);
    DJLSDecoderRegistration::registerCodecs(EJLSUC_never, EJLSPC_colorByPixel);
    DcmRLEDecoderRegistration::registerCodecs();
    // Lossless as it is meant: no color transform, no scaling; JPEG-LS of all bits that are there
    // ("raw"), which needs no DicomImage.
    DJEncoderRegistration::registerCodecs(ECC_lossyYCbCr, EUC_never, OFFalse, 0, 0, 0, OFFalse,
                                          ESS_444, OFFalse, OFFalse, 0, 0, 0.0, 0.0, 0, 0, 0, 0,
                                          OFTrue, OFFalse, OFFalse, OFFalse, OFTrue);
    DJLSEncoderRegistration::registerCodecs(0, 0, 0, 0, OFFalse, 0, OFFalse, EJLSUC_never);
    DcmRLEEncoderRegistration::registerCodecs(OFFalse, 0, OFFalse);
  });
}

void put_attributes(const ImagePixel& pixel, DcmDataset& data_set) {
  data_set.putAndInsertUint16(DCM_Rows, static_cast<Uint16>(pixel.rows));
  data_set.putAndInsertUint16(DCM_Columns, static_cast<Uint16>(pixel.columns));
  data_set.putAndInsertUint16(DCM_SamplesPerPixel, pixel.samples_per_pixel);
  data_set.putAndInsertString(DCM_PhotometricInterpretation,
                              pixel.photometric_interpretation.c_str());
  data_set.putAndInsertString(DCM_NumberOfFrames, "1");
  data_set.putAndInsertUint16(DCM_BitsAllocated, pixel.bits_allocated);
  data_set.putAndInsertUint16(DCM_BitsStored, pixel.bits_stored);
  data_set.putAndInsertUint16(DCM_HighBit, pixel.high_bit);
  data_set.putAndInsertUint16(DCM_PixelRepresentation, pixel.is_signed ? 1 : 0);
}

Problem failed(ProblemKind kind, std::string_view what, const OFCondition& condition) {
  return problem(kind, std::string(what) + condition.text());
}

// Whether the frame header of a JPEG or JPEG-LS stream (ITU-T T.81 B.2.2, T.87) has the size of the
// attributes: DCMTK takes a smaller picture for the beginning of a larger one.
bool has_size_of(std::string_view stream, const ImagePixel& pixel) {
  const auto number_at = [&](std::size_t at) {
    return static_cast<unsigned>(static_cast<unsigned char>(stream[at]) << 8U |
                                 static_cast<unsigned char>(stream[at + 1]));
  };
  constexpr std::size_t header_bytes = 9;  // marker, length, precision, rows, columns
  for (std::size_t at = 2; at + header_bytes <= stream.size();) {
    const unsigned marker = number_at(at);
    if (marker == 0xFFFF) {  // a fill byte
      ++at;
      continue;
    }
    if (marker < 0xFF01) return false;
    const bool is_of_coding = marker == 0xFFC4 || marker == 0xFFC8 || marker == 0xFFCC;
    if (marker == 0xFFF7 || (marker >= 0xFFC0 && marker <= 0xFFCF && !is_of_coding)) {
      const unsigned rows = number_at(at + 5);  // 0: said at the end
      return (rows == 0 || rows == pixel.rows) && number_at(at + 7) == pixel.columns;
    }
    at += 2 + number_at(at + 2);
  }
  return false;
}

// Whether each segment of an RLE frame (PS3.5 G) has the bytes of all pixels: DCMTK fills what is
// missing.
bool has_all_runs(std::string_view frame, const ImagePixel& pixel) {
  constexpr std::size_t header_bytes = 64;
  constexpr std::size_t segments_max = 15;
  if (frame.size() < header_bytes) return false;
  const auto number_at = [&](std::size_t at) {
    std::size_t number = 0;
    for (std::size_t i = 4; i > 0; --i) {
      number = number << 8U | static_cast<unsigned char>(frame[at + i - 1]);
    }
    return number;
  };
  const std::size_t segments = number_at(0);
  if (segments == 0 || segments > segments_max) return false;
  // Of samples of one bit DCMTK has its own to say.
  const std::size_t wanted = pixel.bits_allocated < 8 ? 0 : pixel.pixels();
  for (std::size_t segment = 0; segment < segments; ++segment) {
    std::size_t at = number_at(4 + 4 * segment);
    const std::size_t end =
        std::min(frame.size(), segment + 1 < segments ? number_at(8 + 4 * segment) : frame.size());
    std::size_t found = 0;
    while (at < end && found < wanted) {
      const auto run = static_cast<signed char>(frame[at]);
      const auto length = static_cast<std::size_t>(run >= 0 ? run + 1 : 1 - run);
      if (run != -128) found += length;
      at += run >= 0 ? 1 + length : (run == -128 ? 1U : 2U);
    }
    if (found < wanted || at > end) return false;
  }
  return true;
}

// The fragments of a frame that was encoded.
Result<std::string> fragments_of(DcmDataset& data_set, E_TransferSyntax syntax,
                                 const DcmRepresentationParameter* parameter) {
  DcmElement* element = nullptr;
  DcmPixelSequence* sequence = nullptr;
  if (data_set.findAndGetElement(DCM_PixelData, element).bad()) return std::string();
  auto* pixel_data = dynamic_cast<DcmPixelData*>(element);
  if (pixel_data == nullptr ||
      pixel_data->getEncapsulatedRepresentation(syntax, parameter, sequence).bad()) {
    return problem(ProblemKind::internal, "The encoded frame has gone");
  }
  std::string bytes;
  for (unsigned long i = 1; i < sequence->card(); ++i) {
    DcmPixelItem* item = nullptr;
    Uint8* content = nullptr;
    if (sequence->getItem(item, i).bad() || item->getUint8Array(content).bad()) break;
    bytes.append(reinterpret_cast<const char*>(content), item->getLength());
  }
  return bytes;
}

}  // namespace

Result<FrameSamples> decode_by_dcmtk(std::string_view bytes, std::string_view transfer_syntax,
                                     const ImagePixel& pixel) {
  register_codecs();
  if (!(transfer_syntax == rle ? has_all_runs(bytes, pixel) : has_size_of(bytes, pixel))) {
    return problem(ProblemKind::unprocessable,
                   "The frame is no picture of so many rows and columns as its attributes say");
  }
  const std::string name(transfer_syntax);
  const DcmXfer syntax(name.c_str());
  DcmDataset data_set;
  put_attributes(pixel, data_set);
  if (pixel.samples_per_pixel > 1) data_set.putAndInsertUint16(DCM_PlanarConfiguration, 0);
  auto* pixel_data = new DcmPixelData(DCM_PixelData);  // the data set takes it
  auto* sequence = new DcmPixelSequence(DcmTag(DCM_PixelData, EVR_OB));
  sequence->insert(new DcmPixelItem(DcmTag(DCM_Item, EVR_OB)));
  auto* item = new DcmPixelItem(DcmTag(DCM_Item, EVR_OB));
  std::string even(bytes);
  if (even.size() % 2 != 0) even += '\0';
  item->putUint8Array(reinterpret_cast<const Uint8*>(even.data()), even.size());
  sequence->insert(item);
  pixel_data->putOriginalRepresentation(syntax.getXfer(), nullptr, sequence);
  data_set.insert(pixel_data, OFTrue);

  constexpr std::string_view what = "The frame cannot be decoded: ";
  Uint32 size = 0;
  OFCondition done = pixel_data->getUncompressedFrameSize(&data_set, size);
  if (done.bad()) return failed(ProblemKind::unprocessable, what, done);
  FrameSamples frame{.pixel = pixel, .bytes = std::string(size, '\0')};
  Uint32 first_fragment = 0;
  OFString photometric_interpretation;
  done = pixel_data->getUncompressedFrame(&data_set, 0, first_fragment, frame.bytes.data(), size,
                                          photometric_interpretation);
  if (done.bad()) return failed(ProblemKind::unprocessable, what, done);
  frame.pixel.is_planar = false;
  if (!photometric_interpretation.empty()) {
    frame.pixel.photometric_interpretation = photometric_interpretation.c_str();
  }
  if (frame.bytes.size() < frame.pixel.frame_bytes()) {
    return problem(ProblemKind::unprocessable, "The frame is shorter than its attributes say");
  }
  frame.bytes.resize(frame.pixel.frame_bytes());
  return frame;
}

Result<EncodedFrame> encode_by_dcmtk(const FrameSamples& frame, std::string_view transfer_syntax) {
  register_codecs();
  const ImagePixel& pixel = frame.pixel;
  if (pixel.is_float || pixel.bits_allocated > 16 || pixel.bits_allocated < 8 ||
      pixel.is_subsampled()) {
    return problem(ProblemKind::not_supported,
                   "Samples of 8 and 16 bits only can be written in transfer syntax " +
                       std::string(transfer_syntax));
  }
  const std::string name(transfer_syntax);
  const DcmXfer syntax(name.c_str());
  DcmDataset data_set;
  put_attributes(pixel, data_set);
  if (pixel.samples_per_pixel > 1) {
    data_set.putAndInsertUint16(DCM_PlanarConfiguration, pixel.is_planar ? 1 : 0);
  }
  OFCondition done;
  std::string even = frame.bytes;
  if (even.size() % 2 != 0) even += '\0';
  if (pixel.bits_allocated == 8) {
    done = data_set.putAndInsertUint8Array(
        DCM_PixelData, reinterpret_cast<const Uint8*>(even.data()), even.size());
  } else {
    done = data_set.putAndInsertUint16Array(
        DCM_PixelData, reinterpret_cast<const Uint16*>(even.data()), even.size() / 2);
  }
  std::unique_ptr<DcmRepresentationParameter> parameter;
  if (transfer_syntax == rle) {
    parameter = std::make_unique<DcmRLERepresentationParameter>();
  } else if (transfer_syntax == "1.2.840.10008.1.2.4.80") {
    parameter = std::make_unique<DJLSRepresentationParameter>(0, OFTrue);
  } else {
    parameter = std::make_unique<DJ_RPLossless>();  // the first predictor, no point transform
  }
  if (done.good()) done = data_set.chooseRepresentation(syntax.getXfer(), parameter.get());
  if (done.bad()) return failed(ProblemKind::not_supported, "The frame cannot be encoded: ", done);
  OFString photometric_interpretation;
  data_set.findAndGetOFString(DCM_PhotometricInterpretation, photometric_interpretation);
  TRY(auto bytes, fragments_of(data_set, syntax.getXfer(), parameter.get()));
  return EncodedFrame{std::move(bytes), photometric_interpretation.c_str()};
}

}  // namespace lightbox::dicom
