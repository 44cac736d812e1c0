/** Benchmarks of kernels, and checks of the command that times networks. */
@NullMarked
package org.drag4j.tests.bench;

import org.jspecify.annotations.NullMarked;
