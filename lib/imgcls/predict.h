#pragma once
// All of imgcls/predict: image files in, classes and probabilities out. One header:
//
//   predict/classifier.h  a model with its weights, its classes and what is done to its images

#include <imgcls/predict/classifier.h>
