#pragma once
// How an image is to be turned before it is looked at. Internal to imgcls::data.

#include <imgcls/image/image.h>

namespace imgcls::data {

/// Turns and mirrors `image` as TIFF's and EXIF's orientation says: 1 to 8, where its first row and
/// first column are to be. Other numbers change nothing, as with Pillow's exif_transpose.
void orient(Image& image, int orientation);

}  // namespace imgcls::data
