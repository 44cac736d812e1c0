/** Schedules, samplers and random numbers against recordings. */
@NullMarked
package org.drag4j.schedule;

import org.jspecify.annotations.NullMarked;
