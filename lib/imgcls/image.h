#pragma once
// All of imgcls/image: files of images to pixels and back, and pixels to another size. No data set
// is known here. In the order in which an image passes:
//
//   header                        what it does
//   image/image.h                 an image in memory: RGB, 8 bits a channel; Size and Rect;
//                                 image/grey16.h grey of 16 bits in the same memory
//   image/decode.h                a file's bytes, of any known format, to an image
//   image/resize/interpolation.h  a part of an image in another size, with Pillow's bits
//   image/thumbnail.h             small pictures and sheets of them, for people
//   image/encode.h                an image as a JPEG or a PNG
//
// Inside, on the way of a training crop, rows are handed on as they are decoded:
//
//   image/image_format.h          what a file is, by its first bytes
//   image/region_decoder.h        which decoder is best for a part of it, and what that cost
//                                 (image/work_times.h)
//   image/jpeg/baseline.h         our own, for most photographs: headers (frame.h), codes
//                                 (scan.h, entropy.h), where to start (checkpoints.h), pixels
//                                 (kernels.h)
//   image/jpeg/libjpeg.h          libjpeg-turbo, for all other JPEGs
//   image/decoders.h              PNG, WebP, TIFF, BMP, PNM
//   image/row_sink.h              who takes the rows
//   image/resize/row_resizer.h    who resizes them: weights (filter.h, tables.h), loops
//                                 (kernels.h)

#include <imgcls/image/decode.h>
#include <imgcls/image/encode.h>
#include <imgcls/image/image.h>
#include <imgcls/image/resize/interpolation.h>
#include <imgcls/image/thumbnail.h>
#include <imgcls/image/work_times.h>
