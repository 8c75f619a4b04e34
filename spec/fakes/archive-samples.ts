// Small archives as real programs have written them, for specs of what is in them: 7-Zip 26.02 and bsdtar 3.6.2.
const archive = (text: string): Buffer => Buffer.from(text, 'base64');

/** d/, d/empty, d/a.txt, d/b.exe, d/c1.txt to d/c8.txt, d/ä€.txt; the header is packed. */
export const packed7z = archive(
  'N3q8ryccAARJE74vxgAAAAAAAAAiAAAAAAAAAFBljFEBABhoaQpNWjAxCjIKMwo0CjUKNgo3CjgKaGkKAAAAgTMHrg/P2W+8D+vqnL82Pf53Qe42kpU422CXXiRqQm3g1UVXVfnfqbTKTgzGfUmvTvl4yoYlY7jQbnPqPN+knT1Sje4R25qSG9zCApJTRlxEqXa8lCCpeCjOa/YNLLAZPkTD2aLJXvZIjOFDpt6q44IU8NqfWDHGMG3UFgDA0UoFXuw6vXdQwY+O/0PxcyZY+5L7rtktylWwDINq3QyNrh890/4AAAAXBh0BCYCpAAcLAQABIwMBAQVdABAAAAyBggoBSs0UXgAA',
);
/** d/a.txt, d/b.exe; the header is not packed. */
export const plain7z = archive(
  'N3q8ryccAAQB/gblCgAAAAAAAABeAAAAAAAAAMESdn8BAAVoaQpNWjAAAQQGAAEJCgAHCwEAASEhAQAMBgAIDQIJAwoBenpv7fNCjuEAAAUCGQQAAAAAESEAZAAvAGEALgB0AHgAdAAAAGQALwBiAC4AZQB4AGUAAAAVCgEAIICkgSCApIEAAA==',
);
/** The same two with a password for what they are, not for their names. */
export const secret7z = archive(
  'N3q8ryccAATGHHNefgAAAAAAAAAgAAAAAAAAAIt7bf/eWKAQbQ4zybhtJPthlwX4AACBMweuD87ysgwHsMPa919FiphISvmU/m0IlurmefaZMFJmjoVNOZa41/xo9u4GgfUqSIj6HjDt4qwGqCfez9Lm2aPMhJKBEEo9JjtR1W/q8N3bTbJcM65xVeiguhgRuY+dSQSvCQ1Po4GMo8AXBhABCW4ABwsBAAEjAwEBBV0AEAAADH4KARPUChQAAA==',
);
/** d/a.txt with a password for its name as well. */
export const locked7z = archive(
  'N3q8ryccAAQibkgUcAAAAAAAAAAuAAAAAAAAAKNstpnecAOY/fZtMSXMRSCR/1nnJnSBm5LGnzyLMa4atq1Q5pyMpWCxjH1+pAFdQFlZrhnHPZz/63M0UJZJIZVevnz9jKWMKHIB08CWma+2fStDgEyAN8gxnHXTj4szbpjrU1W9BO6s8wCicTNC3iksHg6YFwYQAQlgAAcLAQABJAbxBwESUw+reNyPzb2z2X8R2+VE0kFgDFoKAQRe8lYAAA==',
);
/** d/a.txt, d/b.exe, d/empty by another program. */
export const bsdtar7z = archive(
  'N3q8ryccAANF6xSSkgAAAAAAAAAiAAAAAAAAAKtH/mAANBo9RIcOucKB///+8NAAAACBMweuD87ysgwHyEOAg4Fb/6x2z3g/Dlvd8045N8NXUi6F/61/aTquikTD5b8TzvGN7SbZFwQn+SQvrX+ndpYMw1NKCnTUIvNjMaGQPTcuNPONw+tOfYEt5jjRN0ZS4W8f0RmRHC2hS/GZMYuzABMwC4Yzb+r04zLoxv///GZAABcGEAEJgIIABwsBAAEjAwEBBV0AAIAADIDMCgGy7zSsAAA=',
);
/** b.exe. */
export const arj = archive(
  'YOopACILAQIQAAJl3+ELa9/hC2sAAAAAAAAAAAAAAAAAAAAAAAB4LmFyagAAC3De9AAAYOo1AC4LAQIQAADf3+ELawMAAAADAAAA80KO4QAApBEAAAAAAADf4Qtr3+ELawAAAABiLmV4ZQAAKAmpogAATVowYOoAAA==',
);
/** d/a.txt, d/c1.txt. */
export const texts7z = archive(
  'N3q8ryccAATqaUmSWwAAAAAAAAAgAAAAAAAAANgCH6MBAARoaQoxCgAAAIEzB64P4OxyY2LTejR4Zaj6Vcx0HYlxZRSGceKP9GzMmogsGLnSNjaWnnZYM/Vwiq69rCtnkO3RjbQgcvH5Oe+DovLStIIjLggdfLLVSAAAFwYJAQlSAAcLAQABIwMBAQVdABAAAAxiCgHF/wLTAAA=',
);
