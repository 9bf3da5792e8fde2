#pragma once
// All of imgcls/core.

#include <imgcls/core/config.h>
#include <imgcls/core/cores.h>
#include <imgcls/core/error.h>
#include <imgcls/core/file.h>
#include <imgcls/core/log.h>
#include <imgcls/core/philox.h>
#include <imgcls/core/sha256.h>
