#pragma once

// libjpeg reports failures by a jump: its state, and what it said. Used by one thread.

#include <csetjmp>
#include <cstdio>
#include <jerror.h>
#include <jpeglib.h>
#include <string>

namespace lightbox::dicom {

struct JpegErrors {
  jpeg_error_mgr manager{};  // first: libjpeg hands back its address
  std::jmp_buf jump{};
  std::string message;
  int code = 0;
  bool is_truncated = false;

  jpeg_error_mgr* install() {
    jpeg_std_error(&manager);
    manager.error_exit = [](j_common_ptr info) {
      auto& self = *reinterpret_cast<JpegErrors*>(info->err);
      char text[JMSG_LENGTH_MAX];
      (*info->err->format_message)(info, text);
      self.message = text;
      self.code = info->err->msg_code;
      std::longjmp(self.jump, 1);
    };
    manager.emit_message = [](j_common_ptr info, int level) {
      auto& self = *reinterpret_cast<JpegErrors*>(info->err);
      if (level < 0 && info->err->msg_code == JWRN_JPEG_EOF) self.is_truncated = true;
    };
    return &manager;
  }
};

}  // namespace lightbox::dicom
