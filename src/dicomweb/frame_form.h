#pragma once

// In which form frames and pixel data go out (PS3.18 8.7.3.3, 8.7.8). Pure.

#include <cstddef>
#include <string>
#include <string_view>

#include "dicomweb/accept.h"
#include "dicomweb/media_types.h"

namespace lightbox::dicomweb {

struct FrameForm {
  std::string media_type;
  Form form = Form::multipart;
  std::string transfer_syntax;
  bool is_as_stored = true;
};

// Of `count` frames stored in a transfer syntax. not_acceptable.
Result<FrameForm> choose_frame_form(const Accept& accept, std::string_view stored,
                                    std::size_t count);

}  // namespace lightbox::dicomweb
