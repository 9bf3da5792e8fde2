#pragma once
// All of imgcls. Each of these headers is its room's map: what is there, in the order in which
// things happen. docs/architecture.md shows the house. Policies and chains, where augmentation of
// one's own is made known, come along: whoever reads data alone may do without their fmt.

#include <imgcls/augment.h>
#include <imgcls/augment/chain.h>
#include <imgcls/augment/policies.h>
#include <imgcls/core.h>
#include <imgcls/data.h>
#include <imgcls/dist.h>
#include <imgcls/image.h>
#include <imgcls/kernels.h>
#include <imgcls/log.h>
#include <imgcls/models.h>
#include <imgcls/onnx.h>
#include <imgcls/optim.h>
#include <imgcls/predict.h>
#include <imgcls/prepare.h>
#include <imgcls/report.h>
#include <imgcls/train.h>
#include <imgcls/weights.h>
