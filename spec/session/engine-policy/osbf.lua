-- Side file of the policy: what stands in for a module in C.
return { classify = function() return 0 end }
