#pragma once
// All of imgcls.

#include <imgcls/core.h>
#include <imgcls/data.h>
#include <imgcls/dist.h>
#include <imgcls/models.h>
#include <imgcls/onnx.h>
#include <imgcls/optim.h>
#include <imgcls/predict.h>
#include <imgcls/report.h>
#include <imgcls/train.h>
