/**
 * Noise schedules, timestep tables, samplers and random numbers that agree with the Python tools.
 */
@NullMarked
package org.drag4j.schedule;

import org.jspecify.annotations.NullMarked;
