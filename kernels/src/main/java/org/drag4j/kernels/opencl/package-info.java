/** OpenCL devices, through JOCL: kernels in OpenCL C 1.2, for processors and for GPUs. */
@NullMarked
package org.drag4j.kernels.opencl;

import org.jspecify.annotations.NullMarked;
