package org.drag4j.kernels.opencl;

import org.jocl.CL;
import org.jocl.Pointer;
import org.jocl.cl_command_queue;
import org.jocl.cl_context;
import org.jocl.cl_event;
import org.jocl.cl_kernel;
import org.jocl.cl_mem;
import org.jspecify.annotations.Nullable;

/** The calls of OpenCL that tests make fail or look at. */
interface Driver {
  /** The real one. */
  Driver JOCL = new Driver() {};

  default cl_mem createBuffer(cl_context context, long flags, long bytes) {
    return CL.clCreateBuffer(context, flags, bytes, null, null);
  }

  /** Sets an argument; local memory, or no buffer, where {@code value} is null. */
  default void setArgument(cl_kernel kernel, int index, long bytes, @Nullable Pointer value) {
    CL.clSetKernelArg(kernel, index, bytes, value);
  }

  default void enqueue(
      cl_command_queue queue,
      cl_kernel kernel,
      long[] global,
      long[] local,
      @Nullable cl_event event) {
    CL.clEnqueueNDRangeKernel(queue, kernel, global.length, null, global, local, 0, null, event);
  }

  default void finish(cl_command_queue queue) {
    CL.clFinish(queue);
  }
}
