/**
 * What every operation means, and the cases in which devices are held to it: plain loops, a device
 * made of them, and one list of small graphs for conformance tests, {@code doctor}, the tuner and
 * benchmarks.
 */
@NullMarked
package org.drag4j.reference;

import org.jspecify.annotations.NullMarked;
