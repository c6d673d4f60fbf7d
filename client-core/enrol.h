/*
 * Enrolment: from an invitation to a station with a certificate.
 */
#ifndef SATCHEL_CLIENT_ENROL_H
#define SATCHEL_CLIENT_ENROL_H

#include "client-core/transport.h"
#include "satchel.h"
#include "schema/base/env.h"
#include "schema/catalogue.h"

/* satchel_enrol with the outside world given. */
int enrol(const satchel_enrol_options *options, const struct catalogue *catalogue,
          const struct env *env, const struct transport *transport, struct error *error);

#endif
