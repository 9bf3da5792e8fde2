#pragma once
// Operations that move pixels. Magnitudes are those of torchvision's AutoAugment classes: the
// tangent for shears, whole pixels for translations, degrees for rotations. Internal to
// imgcls::data.

#include <imgcls/augment/affine.h>
#include <imgcls/augment/pixel_ops.h>

namespace imgcls::data {

/// What torchvision's F.affine does about the centre of an image.
struct AffineChange {
  double degrees = 0;          ///< with the clock
  int move_x = 0, move_y = 0;  ///< pixels
  double scale = 1;
  double shear_x = 0, shear_y = 0;  ///< degrees
};

/// torchvision's _get_inverse_affine_matrix, its terms in its order.
AffineMatrix inverse_affine(double center_x, double center_y, const AffineChange& change);

/// Row y moves left by y times the magnitude (F.affine with centre 0, 0).
void shear_x(PixelCanvas& canvas, double magnitude, const PixelSettings& settings);
/// Column x moves up by x times the magnitude.
void shear_y(PixelCanvas& canvas, double magnitude, const PixelSettings& settings);
/// To the right, by the magnitude without its fraction (F.affine about the image's centre).
void translate_x(PixelCanvas& canvas, double magnitude, const PixelSettings& settings);
/// Down.
void translate_y(PixelCanvas& canvas, double magnitude, const PixelSettings& settings);
/// About the centre, against the clock (Image.rotate): multiples of a right angle are exact, as
/// Pillow's are, where the image is square or the angle is 180.
void rotate(PixelCanvas& canvas, double degrees, const PixelSettings& settings);

/// By the matrix in settings.numbers (Image.transform with AFFINE).
void affine(PixelCanvas& canvas, double magnitude, const PixelSettings& settings);
/// By the coefficients in settings.numbers (Image.transform with PERSPECTIVE).
void perspective(PixelCanvas& canvas, double magnitude, const PixelSettings& settings);

/// Upside down; the magnitude is not used.
void vertical_flip(PixelCanvas& canvas, double magnitude);

}  // namespace imgcls::data
