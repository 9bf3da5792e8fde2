#pragma once
// Streams of a device that is known at run time alone, without linking to CUDA.

#include <c10/core/Stream.h>

namespace imgcls::dist {

/// The stream that this thread hands work on `device` to.
c10::Stream current_stream(c10::Device device);
/// Another stream of the device.
c10::Stream another_stream(c10::Device device);

}  // namespace imgcls::dist
