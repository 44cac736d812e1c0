package org.drag4j.kernels.opencl;

import org.jocl.CL;
import org.jocl.CLException;
import org.jocl.cl_context;
import org.jocl.cl_context_properties;
import org.jocl.cl_device_id;
import org.jocl.cl_platform_id;
import org.jocl.cl_program;

/** Tries sources on a device that is not open; a driver that fails at it has not built them. */
record ProbeCompiler(cl_platform_id platform, cl_device_id device) implements Extensions.Compiler {
  @Override
  public boolean builds(String source, String options) {
    cl_context context = null;
    cl_program program = null;
    try {
      var properties = new cl_context_properties();
      properties.addProperty(CL.CL_CONTEXT_PLATFORM, platform);
      context = CL.clCreateContext(properties, 1, new cl_device_id[] {device}, null, null, null);
      program = CL.clCreateProgramWithSource(context, 1, new String[] {source}, null, null);
      CL.clBuildProgram(program, 1, new cl_device_id[] {device}, options, null, null);
      return true;
    } catch (CLException _) {
      return false;
    } finally {
      var built = program;
      if (built != null) {
        OpenClContext.quietly(() -> CL.clReleaseProgram(built));
      }
      var opened = context;
      if (opened != null) {
        OpenClContext.quietly(() -> CL.clReleaseContext(opened));
      }
    }
  }
}
