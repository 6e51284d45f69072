// ImageSteps: the programs of qemu, one after the other, that bring an image into a volume or out of it. Pure.
//
// An import of a volume that may hold anything first makes all of it read as zeros, with WRITE SAME and its UNMAP bit,
// so that the copy can leave out what is zero in the image: the volume stays as thin as the image, and nothing old is
// left behind the end of a smaller one. qemu-img ignores what its last flush was answered, so qemu-io flushes once
// more.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "target/base/endpoint.h"
#include "tools/shoalctl/image_file.h"

namespace shoal {

struct ToolStep {
  std::string title;  // what it does, for people
  std::string program;
  std::vector<std::string> words;
};

// How qemu logs in to the volume. Its secret is in a file: the command line is there for everybody to see.
struct VolumeLogin {
  Endpoint portal;
  std::string iqn, initiator;
  std::string user, secret_path;  // empty: no CHAP
};

struct Import {
  std::string file;  // absolute, so that qemu takes it for a path whatever is in it
  ImageFile image;
  VolumeLogin login;
  std::uint64_t volume_bytes = 0;
  bool fresh = false;  // the volume was made for it: it reads as zeros
};

struct Export {
  std::string file;  // absolute
  ImageFormat format = ImageFormat::raw;
  VolumeLogin login;
};

// `format` empty: what qemu finds.
ToolStep info_step(const std::string& file, const std::string& format);
std::vector<ToolStep> import_steps(const Import& order);
ToolStep export_step(const Export& order);
// Fails where they differ; what is behind the end of the image has to be zeros.
ToolStep compare_step(const VolumeLogin& login, const std::string& file, ImageFormat format);

}  // namespace shoal
