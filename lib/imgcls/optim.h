#pragma once
// All of imgcls/optim.

#include <imgcls/optim/grad_scaler.h>
#include <imgcls/optim/optimizer.h>
#include <imgcls/optim/schedule.h>
