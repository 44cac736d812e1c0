package org.drag4j.kernels.opencl;

/** A process that prints what OpenCL devices it finds. */
final class ProbeUser {
  private ProbeUser() {}

  public static void main(String[] args) {
    new OpenClProvider().probe().forEach(System.out::println);
  }
}
