#pragma once
// All of imgcls/predict.

#include <imgcls/predict/classifier.h>
